"""The declarations of include/aigc.h for ctypes, and nothing else.

Tests/tools/generate.py writes this file from the header; tests/test_native.py parses the header in its own way and fails
if a function, a parameter type or a constant differs from this file. Nothing is loaded here: see _library.py. The values
of statuses, outcomes, states and events are in enums.py.
"""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_uint64,
    c_void_p,
)
from typing import Any, Dict, List, Tuple, Union

# The version of the header that this file was written for.
VERSION_MAJOR = 1
VERSION_MINOR = 2


# Opaque handles: never dereferenced, but each of its own type, so that a wrong one is an error and no crash.
class aigc_error(Structure):
    pass


class aigc_config(Structure):
    pass


class aigc_buffer(Structure):
    pass


class aigc_request(Structure):
    pass


class aigc_client(Structure):
    pass


class aigc_job(Structure):
    pass


class aigc_event(Structure):
    pass


error_p, error_pp = POINTER(aigc_error), POINTER(POINTER(aigc_error))
config_p, config_pp = POINTER(aigc_config), POINTER(POINTER(aigc_config))
buffer_p, buffer_pp = POINTER(aigc_buffer), POINTER(POINTER(aigc_buffer))
request_p, request_pp = POINTER(aigc_request), POINTER(POINTER(aigc_request))
client_p, client_pp = POINTER(aigc_client), POINTER(POINTER(aigc_client))
job_p, job_pp = POINTER(aigc_job), POINTER(POINTER(aigc_job))
event_p, event_pp = POINTER(aigc_event), POINTER(POINTER(aigc_event))
char_pp = POINTER(c_char_p)
int32_p = POINTER(c_int32)
int64_p = POINTER(c_int64)
size_p = POINTER(c_size_t)
event_handler = CFUNCTYPE(None, event_p, c_void_p)

# Constants that belong to no enumeration of enums.py, by their name in the header.
CONSTANTS: Dict[str, Union[int, str]] = {
    "AIGC_VERSION_MAJOR": VERSION_MAJOR,
    "AIGC_VERSION_MINOR": VERSION_MINOR,
    "AIGC_VERSION_PATCH": 0,
    "AIGC_FOREVER": -1,
    "AIGC_ALIBABA": "alibaba",
    "AIGC_TENCENT": "tencent",
    "AIGC_ALIBABA_INFERENCE": "inference",
    "AIGC_ALIBABA_PRE_MODEL_INFERENCE": "pre_model_inference",
    "AIGC_ALIBABA_MODEL_TRAIN": "model_train",
    "AIGC_TENCENT_IMAGE": "aigc_image",
    "AIGC_ALIBABA_INFERENCE_ASSET": "inference_asset",
    "AIGC_ALIBABA_PRE_MODEL_INFERENCE_ASSET": "pre_model_inference_asset",
    "AIGC_TENCENT_IMAGE_ASSET": "aigc_image_asset",
}

# name: (result type, parameter types), in the order of the header.
FUNCTIONS: Dict[str, Tuple[Any, List[Any]]] = {
    "aigc_version_number": (c_int32, []),
    "aigc_version_string": (c_char_p, []),
    "aigc_build_info": (c_char_p, []),
    "aigc_status_name": (c_char_p, [c_int32]),
    "aigc_status_text": (c_char_p, [c_int32]),
    "aigc_status_at": (c_int32, [c_size_t, int32_p]),
    "aigc_error_status": (c_int32, [error_p]),
    "aigc_error_message": (c_char_p, [error_p]),
    "aigc_error_provider_code": (c_char_p, [error_p]),
    "aigc_error_provider_message": (c_char_p, [error_p]),
    "aigc_error_request_id": (c_char_p, [error_p]),
    "aigc_error_http_status": (c_int32, [error_p]),
    "aigc_error_retryable": (c_int32, [error_p]),
    "aigc_error_retry_after_ms": (c_int64, [error_p]),
    "aigc_error_outcome": (c_int32, [error_p]),
    "aigc_error_field": (c_char_p, [error_p]),
    "aigc_error_free": (None, [error_p]),
    "aigc_config_new": (c_int32, [config_pp, error_pp]),
    "aigc_config_set": (c_int32, [config_p, c_char_p, c_char_p, error_pp]),
    "aigc_config_get": (c_char_p, [config_p, c_char_p]),
    "aigc_config_describe": (c_int32, [c_size_t, char_pp, char_pp, char_pp, char_pp]),
    "aigc_config_report": (c_int32, [config_p, buffer_pp, error_pp]),
    "aigc_config_free": (None, [config_p]),
    "aigc_operation_at": (c_int32, [c_size_t, char_pp, char_pp, char_pp, char_pp]),
    "aigc_request_describe": (c_int32, [c_char_p, c_char_p, c_size_t, char_pp, char_pp, int32_p, char_pp, char_pp]),
    "aigc_request_new": (c_int32, [c_char_p, c_char_p, request_pp, error_pp]),
    "aigc_request_set_string": (c_int32, [request_p, c_char_p, c_char_p, error_pp]),
    "aigc_request_set_int": (c_int32, [request_p, c_char_p, c_int64, error_pp]),
    "aigc_request_set_double": (c_int32, [request_p, c_char_p, c_double, error_pp]),
    "aigc_request_set_bool": (c_int32, [request_p, c_char_p, c_int32, error_pp]),
    "aigc_request_set_json": (c_int32, [request_p, c_char_p, c_char_p, error_pp]),
    "aigc_request_add_image_url": (c_int32, [request_p, c_char_p, c_char_p, error_pp]),
    "aigc_request_set_option": (c_int32, [request_p, c_char_p, c_char_p, error_pp]),
    "aigc_request_free": (None, [request_p]),
    "aigc_client_new": (c_int32, [config_p, client_pp, error_pp]),
    "aigc_client_close": (None, [client_p, c_int64]),
    "aigc_client_free": (None, [client_p]),
    "aigc_client_set_credentials": (c_int32, [client_p, c_char_p, c_char_p, c_char_p, c_char_p, c_int64, error_pp]),
    "aigc_client_report": (c_int32, [client_p, buffer_pp, error_pp]),
    "aigc_client_stats": (c_int32, [client_p, buffer_pp, error_pp]),
    "aigc_client_submit": (c_int32, [client_p, request_p, job_pp, error_pp]),
    "aigc_client_attach": (c_int32, [client_p, c_char_p, c_int32, job_pp, error_pp]),
    "aigc_client_attach_id": (c_int32, [client_p, c_char_p, c_char_p, c_char_p, c_int32, job_pp, error_pp]),
    "aigc_client_attach_key": (c_int32, [client_p, c_char_p, c_int32, job_pp, error_pp]),
    "aigc_client_resume": (c_int32, [client_p, c_int32, size_p, error_pp]),
    "aigc_client_fetch": (c_int32, [client_p, request_p, c_char_p, job_pp, error_pp]),
    "aigc_client_call": (c_int32, [client_p, c_char_p, c_char_p, c_char_p, c_int32, job_pp, error_pp]),
    "aigc_client_event_fd": (c_int32, [client_p]),
    "aigc_client_next_event": (c_int32, [client_p, c_int64, event_pp, error_pp]),
    "aigc_client_dispatch": (c_int32, [client_p, c_int64, event_handler, c_void_p, size_p, error_pp]),
    "aigc_client_wake": (None, [client_p]),
    "aigc_state_name": (c_char_p, [c_int32]),
    "aigc_job_id": (c_uint64, [job_p]),
    "aigc_job_remote_id": (c_char_p, [job_p]),
    "aigc_job_token": (c_char_p, [job_p]),
    "aigc_job_key": (c_char_p, [job_p]),
    "aigc_job_state": (c_int32, [job_p]),
    "aigc_job_outcome": (c_int32, [job_p]),
    "aigc_job_progress": (c_double, [job_p]),
    "aigc_job_bytes": (None, [job_p, int64_p, int64_p]),
    "aigc_job_provider": (c_char_p, [job_p]),
    "aigc_job_operation": (c_char_p, [job_p]),
    "aigc_job_provider_state": (c_char_p, [job_p]),
    "aigc_job_provider_response": (c_char_p, [job_p]),
    "aigc_job_request_id": (c_char_p, [job_p]),
    "aigc_job_wait": (c_int32, [job_p, c_int64, error_pp]),
    "aigc_job_refresh": (c_int32, [job_p, c_int64, error_pp]),
    "aigc_job_set_follow": (c_int32, [job_p, c_int32, error_pp]),
    "aigc_job_set_deadline_ms": (c_int32, [job_p, c_int64, error_pp]),
    "aigc_job_set_trace": (c_int32, [job_p, c_char_p, c_char_p, error_pp]),
    "aigc_job_release": (c_int32, [job_p, error_pp]),
    "aigc_job_cancel": (None, [job_p]),
    "aigc_job_error": (c_int32, [job_p, error_pp]),
    "aigc_job_result_id": (c_char_p, [job_p]),
    "aigc_job_asset_count": (c_size_t, [job_p]),
    "aigc_job_asset_id": (c_char_p, [job_p, c_size_t]),
    "aigc_job_asset_url": (c_char_p, [job_p, c_size_t]),
    "aigc_job_asset_expires_at_ms": (c_int64, [job_p, c_size_t]),
    "aigc_job_download": (c_int32, [job_p, c_size_t, c_char_p, job_pp, error_pp]),
    "aigc_job_path": (c_char_p, [job_p]),
    "aigc_job_content_type": (c_char_p, [job_p]),
    "aigc_job_take_buffer": (c_int32, [job_p, buffer_pp, error_pp]),
    "aigc_job_set_user_data": (None, [job_p, c_void_p]),
    "aigc_job_user_data": (c_void_p, [job_p]),
    "aigc_job_ref": (job_p, [job_p]),
    "aigc_job_free": (None, [job_p]),
    "aigc_event_type": (c_int32, [event_p]),
    "aigc_event_job": (job_p, [event_p]),
    "aigc_event_job_id": (c_uint64, [event_p]),
    "aigc_event_state": (c_int32, [event_p]),
    "aigc_event_status": (c_int32, [event_p]),
    "aigc_event_provider": (c_char_p, [event_p]),
    "aigc_event_message": (c_char_p, [event_p]),
    "aigc_event_level": (c_int32, [event_p]),
    "aigc_event_fields": (c_char_p, [event_p]),
    "aigc_event_free": (None, [event_p]),
    "aigc_buffer_data": (c_void_p, [buffer_p]),
    "aigc_buffer_size": (c_size_t, [buffer_p]),
    "aigc_buffer_content_type": (c_char_p, [buffer_p]),
    "aigc_buffer_free": (None, [buffer_p]),
    "aigc_journal_list": (c_int32, [c_char_p, c_char_p, c_char_p, buffer_pp, error_pp]),
    "aigc_journal_resolve": (c_int32, [c_char_p, c_char_p, c_int32, c_char_p, error_pp]),
    "aigc_journal_prune": (c_int32, [c_char_p, c_int64, size_p, error_pp]),
    "aigc_journal_check": (c_int32, [c_char_p, buffer_pp, error_pp]),
}
