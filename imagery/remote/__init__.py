"""Files in object stores and on web servers: named, looked at, read and written."""
