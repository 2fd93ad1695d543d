# frozen_string_literal: true

# See program.c.
require_relative "../../../bindings/ruby/aigc"

client = Aigc::Client.new(ENV.fetch("AIGC_TEST_CONFIG").lines(chomp: true).reject(&:empty?).to_h { |l| l.split("=", 2) })
command, *words = ARGV
case command
when "submit"
  provider, prompt = words
  job = if provider == "alibaba"
          client.alibaba.pre_model_inference(prompt: prompt, image_urls: ["https://example.com/a.png"])
        else
          client.tencent.aigc_image(prompt: prompt)
        end
  sleep 0.02 until job.token || job.ended?
  puts "#{job.token} #{job.remote_id}"
when "fetch"
  jobs = words.drop(1).map { |token| client.attach(token) }
  jobs.each_with_index { |job, number| job.wait(60).download(0, "#{words[0]}/#{number}.*").wait(60) }
when "strings"
  job = client.attach(words[0], follow: false)
  3.times do
    job.refresh(60)
    puts [job.provider_state, job.request_id, JSON.generate(job.provider_response)].join("\t")
  end
else
  count = Integer(words[0])
  rounds = Array.new(5) do
    start = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
    count.times { client.next_event(0) }
    (Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) - start) / count.to_f
  end
  puts rounds.min.round(1)
end
