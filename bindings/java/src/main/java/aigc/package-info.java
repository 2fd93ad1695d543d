/**
 * Image-generation jobs on Alibaba Cloud and Tencent Cloud, through libaigc. The manual is include/aigc.h.
 *
 * <pre>{@code
 * try (Client client = new Client();
 *         Request request = new Tencent.AigcImage().prompt("a cat in the snow")) {
 *     Job job = client.submit(request).await();
 *     for (Asset asset : job.assets()) {
 *         System.out.println(job.download(asset.index(), "cat-" + asset.index() + ".*").await().path());
 *     }
 * }
 * }</pre>
 *
 * <p>Every object may be used from any thread, a {@link aigc.Request} by one at a time. What is not closed is freed when the
 * garbage collector finds it; that only frees: an accepted job keeps running and can be attached from its token, as it can
 * after the end of the process.
 */
package aigc;
