# frozen_string_literal: true

# usage: ruby generate.rb [-c KEY=VALUE]... [--image URL]... PROVIDER PROMPT NAME
# One job, all of its images as NAME-<remote id>-<number>.<extension>. The token is printed as soon as the job is accepted.
# Ctrl-C, SIGTERM and SIGHUP: an answer on its way gets ten seconds, then the program says what is known about the job.
# Exit status: 0 all images are there, 1 something failed, 3 nobody knows whether the job runs, 130 ended by a signal.

require_relative "../aigc"

config = {}
images = []
while ARGV.first&.start_with?("-")
  case (option = ARGV.shift)
  when "-c" then (key, value = ARGV.shift.split("=", 2)) && config[key] = value
  when "--image", "-image" then images << ARGV.shift
  else abort "generate.rb: unknown option #{option}"
  end
end
abort "usage: ruby generate.rb [-c KEY=VALUE]... [--image URL]... PROVIDER PROMPT NAME" unless ARGV.size == 3

provider, prompt, name = ARGV
# A paid image needs a place: a file with a name of that length is tried before anything is sent, and removed again.
begin
  probe = "#{name}-#{"x" * 64}"
  File.write(probe, "")
  File.delete(probe)
rescue SystemCallError, ArgumentError => e
  abort "#{name}: no image can be written: #{e.message}"
end
$stdout.sync = true # a full disk is told by the line that did not fit
unwritten = false
interrupted = false # a signal ends no wait: it is only noted, and the waits look at that
%w[INT TERM HUP].each { |signal| trap(signal) { interrupted = true } }
begin
  client = Aigc::Client.new(config)
  operation = provider == "alibaba" ? "pre_model_inference" : "aigc_image"
  job = client.submit(provider, operation, prompt: prompt, image_urls: images)
  told = false
  wait = lambda do |task|
    until task.ended?
      client.close(10) if interrupted # ends everything here; only an answer on its way is waited for
      told ||= job.token && (warn("token #{job.token}") || true)
      sleep 0.02
    end
    task.wait
  end
  wait.call(job).assets.each do |asset|
    path = wait.call(job.download(asset.index, "#{name}-#{job.remote_id}-#{asset.index + 1}.*")).path
    begin
      puts path
    rescue SystemCallError, IOError => e # a full disk or a closed pipe: the image is there all the same
      unwritten = true
      warn "standard output cannot be written (#{e.message}); the image is in #{path}; token #{job.token}"
    end
  end
rescue Aigc::Error => e
  client&.close(10)
  warn "#{e.name}: #{e.message}"
  warn job.outcome_text if job
  exit job&.outcome == Aigc::Native::OUTCOME_UNKNOWN ? 3 : interrupted ? 130 : 1
ensure
  client&.close
end
exit 1 if unwritten
