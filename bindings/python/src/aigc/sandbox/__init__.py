"""A local server that stands for two image-generation clouds, for tests and first steps.

Start it with ``aigc-sandbox`` or ``python -m aigc.sandbox``; see README.md in this folder.
Importing this package imports nothing else: aiohttp and Pillow are needed only to run the server.
"""
