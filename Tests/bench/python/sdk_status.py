"""Status calls with the vendors' SDKs: usage: sdk_status.py HOST:PORT CA_FILE tencent|alibaba|"alibaba async" CALLS.

One call after the other where the SDK blocks (threads would only add to its CPU), 16 at a time where it is async;
connections are kept as far as the SDK can."""

import asyncio
import json
import sys
import time

host, ca, which, calls = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


def tencent():
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
    from tencentcloud.mps.v20190612 import models
    from tencentcloud.mps.v20190612.mps_client import MpsClient

    http = HttpProfile(endpoint=host, protocol="https", certification=ca, keepAlive=True)
    client = MpsClient(Credential("AKIDbench", "key"), "", ClientProfile(httpProfile=http))

    def call():
        request = models.DescribeAigcImageTaskRequest()
        request.TaskId = "4-AigcImage-1"
        assert client.DescribeAigcImageTask(request).Status == "RUN"

    return call


def alibaba():
    from alibabacloud_aicontent20240611 import models
    from alibabacloud_aicontent20240611.client import Client
    from alibabacloud_tea_openapi.models import Config

    client = Client(Config(access_key_id="AKIDbench", access_key_secret="key", endpoint=host, protocol="https", ca=ca))
    request = models.PersonalizedTextToImageQueryPreModelInferenceJobInfoRequest(inference_job_id="180")

    def call():
        answer = client.personalized_text_to_image_query_pre_model_inference_job_info(request)
        assert answer.body.data.job_status == "RUNNING"

    async def call_async():
        answer = await client.personalized_text_to_image_query_pre_model_inference_job_info_async(request)
        assert answer.body.data.job_status == "RUNNING"

    return call_async if "async" in which else call


async def in_flight(call):
    async def worker():
        for _ in range(max(1, calls // 16)):
            await call()

    await asyncio.gather(*(worker() for _ in range(16)))
    return max(1, calls // 16) * 16


call = tencent() if which == "tencent" else alibaba()
if "async" in which:
    asyncio.run(call())
else:
    for _ in range(5):
        call()
start, cpu = time.perf_counter(), time.process_time()
if "async" in which:
    calls = asyncio.run(in_flight(call))
else:
    for _ in range(calls):
        call()
print(json.dumps({"calls": calls, "seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}))
