"""Typed operations: client.tencent.aigc_image(...), client.alibaba.pre_model_inference(...).

Tests/tools/generate.py writes this file from the library's own tables. Each method submits, or fetches, exactly as
client.submit() and client.fetch() with the same names do; an editor and a type checker know the fields. Model names,
sizes and ratios are checked by the provider.
"""

from __future__ import annotations

from typing import Any, Generic, Iterable, Mapping, Optional, Protocol, TypeVar, Union

from ._call import PathLike
from ._jobs import BaseDownload, BaseJob
from .request import ImageURL

JobT = TypeVar("JobT", bound=BaseJob)
DownloadT = TypeVar("DownloadT", bound=BaseDownload)
MadeJob = TypeVar("MadeJob", bound=BaseJob, covariant=True)
MadeDownload = TypeVar("MadeDownload", bound=BaseDownload, covariant=True)


class Operates(Protocol[MadeJob, MadeDownload]):
    """What the classes below ask of a client."""

    def submit(self, provider: str, operation: Optional[str] = None, **fields: Any) -> MadeJob: ...

    def fetch(
        self, provider: str, operation: Optional[str] = None, *, path: Optional[PathLike] = None, **fields: Any
    ) -> MadeDownload: ...



class AlibabaOperations(Generic[JobT, DownloadT]):
    """The operations of Alibaba: client.alibaba."""

    def __init__(self, client: Operates[JobT, DownloadT]) -> None:
        self._client = client

    def inference(
        self,
        prompt: str,
        *,
        model: str,
        count: Optional[int] = None,
        seed: Optional[int] = None,
        body: Optional[Mapping[str, Any]] = None,
        key: Optional[str] = None,
        follow: Optional[bool] = None,
        deadline: Optional[float] = None,
        hold: bool = False,
    ) -> JobT:
        """Submits Personalizedtxt2imgAddInferenceJob: one job, one bill.

        prompt: What to draw, in English, with the literal token <special-token> in place of the subject.
        model: Id of the model that you have trained.
        count: Number of images; the provider treats more than 10 as 10.
        seed: Seed for reproducible images, -1 to 2147483647; default: the provider's choice.
        body: fields of a newer cloud, by the provider's own names.
        key: with a journal: the same key never pays twice.
        follow: whether the library polls the job until it ends.
        deadline: seconds until the library gives the job up.
        hold: the job waits before its first byte, until job.release().
        """
        return self._client.submit(
            "alibaba",
            "inference",
            prompt=prompt,
            model=model,
            count=count,
            seed=seed,
            body=body,
            key=key,
            follow=follow,
            deadline=deadline,
            hold=hold,
        )

    def pre_model_inference(
        self,
        prompt: str,
        *,
        train_steps: Optional[int] = None,
        count: Optional[int] = None,
        seed: Optional[int] = None,
        strength: Optional[float] = None,
        image_urls: Iterable[ImageURL] = (),
        body: Optional[Mapping[str, Any]] = None,
        key: Optional[str] = None,
        follow: Optional[bool] = None,
        deadline: Optional[float] = None,
        hold: bool = False,
    ) -> JobT:
        """Submits PersonalizedTextToImageAddInferenceJob: one job, one bill.

        prompt: What to draw, in English, with the literal token <special-token> in place of the subject.
        train_steps: Training steps, for example 800.
        count: Number of images; the provider treats more than 10 as 10.
        seed: Seed for reproducible images, -1 to 2147483647; default: the provider's choice.
        strength: Weight of the reference images; documented: 0.3 to 0.8 in steps of 0.1; default: 0.5.
        image_urls: Images of the subject, one or more, at public URLs.
        body: fields of a newer cloud, by the provider's own names.
        key: with a journal: the same key never pays twice.
        follow: whether the library polls the job until it ends.
        deadline: seconds until the library gives the job up.
        hold: the job waits before its first byte, until job.release().
        """
        return self._client.submit(
            "alibaba",
            "pre_model_inference",
            prompt=prompt,
            train_steps=train_steps,
            count=count,
            seed=seed,
            strength=strength,
            image_urls=image_urls,
            body=body,
            key=key,
            follow=follow,
            deadline=deadline,
            hold=hold,
        )

    def model_train(
        self,
        *,
        name: str,
        object_type: str,
        train_steps: Optional[int] = None,
        image_urls: Iterable[ImageURL] = (),
        body: Optional[Mapping[str, Any]] = None,
        key: Optional[str] = None,
        follow: Optional[bool] = None,
        deadline: Optional[float] = None,
        hold: bool = False,
    ) -> JobT:
        """Submits Personalizedtxt2imgAddModelTrainJob: one job, one bill.

        name: Name of the model, for people.
        object_type: What the images show, in one word: girl, person, man, boy, dog ...
        train_steps: Training steps, for example 800.
        image_urls: Images of the subject, one or more, at public URLs.
        body: fields of a newer cloud, by the provider's own names.
        key: with a journal: the same key never pays twice.
        follow: whether the library polls the job until it ends.
        deadline: seconds until the library gives the job up.
        hold: the job waits before its first byte, until job.release().
        """
        return self._client.submit(
            "alibaba",
            "model_train",
            name=name,
            object_type=object_type,
            train_steps=train_steps,
            image_urls=image_urls,
            body=body,
            key=key,
            follow=follow,
            deadline=deadline,
            hold=hold,
        )

    def inference_asset(
        self,
        *,
        model_id: str,
        prompt_id: str,
        image_id: str,
        encode_format: Optional[str] = None,
        path: Optional[PathLike] = None,
        body: Optional[Mapping[str, Any]] = None,
    ) -> DownloadT:
        """Fetches one image with Personalizedtxt2imgQueryImageAsset, free of charge.

        model_id: Id of the job's model.
        prompt_id: Id of the job's prompt.
        image_id: Id of the image, as in the job's resultImageUrl.
        encode_format: With "base64" the image is sent as Base64 text, otherwise as bytes. The stored image is
            the same.
        path: the file to write, or None for memory, as for Job.download().
        body: fields of a newer cloud, by the provider's own names.
        """
        return self._client.fetch(
            "alibaba",
            "inference_asset",
            model_id=model_id,
            prompt_id=prompt_id,
            image_id=image_id,
            encode_format=encode_format,
            path=path,
            body=body,
        )

    def pre_model_inference_asset(
        self,
        *,
        image_id: str,
        encode_format: Optional[str] = None,
        path: Optional[PathLike] = None,
        body: Optional[Mapping[str, Any]] = None,
    ) -> DownloadT:
        """Fetches one image with PersonalizedTextToImageQueryImageAsset, free of charge.

        image_id: Id of the image, as in the job's resultImageUrl.
        encode_format: With "base64" the image is sent as Base64 text, otherwise as bytes. The stored image is
            the same.
        path: the file to write, or None for memory, as for Job.download().
        body: fields of a newer cloud, by the provider's own names.
        """
        return self._client.fetch(
            "alibaba",
            "pre_model_inference_asset",
            image_id=image_id,
            encode_format=encode_format,
            path=path,
            body=body,
        )


class TencentOperations(Generic[JobT, DownloadT]):
    """The operations of Tencent: client.tencent."""

    def __init__(self, client: Operates[JobT, DownloadT]) -> None:
        self._client = client

    def aigc_image(
        self,
        prompt: Optional[str] = None,
        *,
        model: Optional[str] = None,
        model_version: Optional[str] = None,
        scene_type: Optional[str] = None,
        negative_prompt: Optional[str] = None,
        enhance_prompt: Optional[bool] = None,
        count: Optional[int] = None,
        aspect_ratio: Optional[str] = None,
        resolution: Optional[str] = None,
        logo_add: Optional[bool] = None,
        output_format: Optional[str] = None,
        additional_parameters: Optional[Union[str, Mapping[str, Any]]] = None,
        cos_bucket: Optional[str] = None,
        cos_region: Optional[str] = None,
        cos_path: Optional[str] = None,
        operator_name: Optional[str] = None,
        image_urls: Iterable[ImageURL] = (),
        body: Optional[Mapping[str, Any]] = None,
        key: Optional[str] = None,
        follow: Optional[bool] = None,
        deadline: Optional[float] = None,
        hold: bool = False,
    ) -> JobT:
        """Submits CreateAigcImageTask: one job, one bill.

        prompt: What to draw; required if there is no reference image.
        model: Name of the model; default: the provider's choice.
        model_version: Version of the model; default: the stable version.
        scene_type: Special scene, such as "3d_panorama" (Hunyuan).
        negative_prompt: What the image must not show; only some models use this field.
        enhance_prompt: Whether the provider may improve the prompt; default: false.
        count: Number of images; default: 1.
        aspect_ratio: Aspect ratio, such as "16:9"; depends on the model.
        resolution: Resolution, such as "1080P" or "2K"; depends on the model.
        logo_add: Whether the image gets a mark; default: false.
        output_format: "jpeg" or "png".
        additional_parameters: Further parameters of the model as a JSON object, such as {"size":"1024x1024"}.
        cos_bucket: COS bucket that keeps the images; needs cos_region and the role MPS_QcsRole.
        cos_region: Region of the bucket.
        cos_path: Folder in the bucket.
        operator_name: Free text that says who asks.
        image_urls: Reference images at public URLs (jpeg, png, webp); their number depends on the model.
        body: fields of a newer cloud, by the provider's own names.
        key: with a journal: the same key never pays twice.
        follow: whether the library polls the job until it ends.
        deadline: seconds until the library gives the job up.
        hold: the job waits before its first byte, until job.release().
        """
        return self._client.submit(
            "tencent",
            "aigc_image",
            prompt=prompt,
            model=model,
            model_version=model_version,
            scene_type=scene_type,
            negative_prompt=negative_prompt,
            enhance_prompt=enhance_prompt,
            count=count,
            aspect_ratio=aspect_ratio,
            resolution=resolution,
            logo_add=logo_add,
            output_format=output_format,
            additional_parameters=additional_parameters,
            cos_bucket=cos_bucket,
            cos_region=cos_region,
            cos_path=cos_path,
            operator_name=operator_name,
            image_urls=image_urls,
            body=body,
            key=key,
            follow=follow,
            deadline=deadline,
            hold=hold,
        )

    def aigc_image_asset(
        self,
        *,
        url: str,
        path: Optional[PathLike] = None,
        body: Optional[Mapping[str, Any]] = None,
    ) -> DownloadT:
        """Fetches one image by its URL, free of charge.

        url: Result URL of an image, unchanged; the library signs only for the hosts in tencent.cos_hosts.
        path: the file to write, or None for memory, as for Job.download().
        body: fields of a newer cloud, by the provider's own names.
        """
        return self._client.fetch(
            "tencent",
            "aigc_image_asset",
            url=url,
            path=path,
            body=body,
        )
