"""Areas of classes by zone and epoch, and change between epochs."""
