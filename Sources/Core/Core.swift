// Core: values and state machines. Imports nothing, owns no thread, knows no cloud, no JSON, no curl.
