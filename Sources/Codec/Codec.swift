// Codec: JSON values over jansson, percent coding, dates. Imports Core and CJSON, holds no state, any thread.
