"""What a simulated site says of itself, in its ``README.txt``."""

README = """\
A simulated open-pit mine: {size} x {size} cells of 10 m, {epochs} epochs from 2015 to 2024, seed {seed}.
Made by `pitscape simulate`; equal arguments give equal files. Nothing here shows a real place.
Sites above 2048 cells are cut into squares of 768 cells with a mine in each.

Scenes, one file per epoch and the same names in all folders
images/          Sentinel-2-like, ten bands, stored numbers as delivered on that day (0: not observed); clouds are cut out
images_cloudy/   the same scenes under clouds, shadows and haze, with the scene classification as band SCL
images_landsat/  Landsat-5-like: the first epoch at 30 m, six bands as stored in Collection 2 level 2, and QA_PIXEL.
                 The first epoch comes both ways: images/ for a network of Sentinel-2 bands that maps every epoch,
                 images_landsat/ to test a stack of two sensors. (The real satellite was switched off in 2013.)
sar/             Sentinel-1-like, VV and VH [dB] with the speckle of 4.4 looks, since 2017 (NaN: beyond the swath)
dem/             elevation [m] of that day, pit and dumps included; it shades the scenes

Truth
truth/           class maps: 0 mined, 1 occupied, 2 vegetated, 3 water, 255 not observed
influence/       1 where the mine has changed the land since the first epoch: pit, dumps, restored land, ponds,
                 plant and haul roads; not rivers, fields or villages
ecosystems.tif   before mining: 1 forest, 2 grassland, 3 farmland, 0 none of them
truth.gpkg       outlines of pit, sump, dumps, restored land, tailings ponds, plant and haul roads, by epoch, with km2
truth.json       cells, km2 and volumes of each epoch; stage of each year; years of the thresholds and how they are
                 defined; where each mine begins and which way it grows

Records
npp/ et/ runoff/ net primary production [kg C m-2 y-1], evapotranspiration and runoff [mm y-1] of each epoch's year
                 (-9999: water)
climate.csv      precipitation and mean temperature of each month since {since}
production.csv   coal output of each year [Mt]
training/        labelled scenes of {training} other simulated mines: 0 unlabelled, 1 mined, 2 occupied, 3 vegetated, 4 water
"""
