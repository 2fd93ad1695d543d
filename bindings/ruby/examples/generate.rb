# frozen_string_literal: true

# usage: ruby generate.rb [-c KEY=VALUE]... [--image URL]... PROVIDER PROMPT NAME
# One job, all of its images as NAME-<remote id>-<number>.<extension>. The token is printed as soon as the job is accepted,
# and again if the program is interrupted: ruby attach with it later.

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
$stdout.sync = true
unwritten = false
%w[TERM HUP].each { |signal| trap(signal) { raise Interrupt } }
begin
  client = Aigc::Client.new(config)
  operation = provider == "alibaba" ? "pre_model_inference" : "aigc_image"
  job = client.submit(provider, operation, prompt: prompt, image_urls: images)
  begin
    sleep 0.02 until job.remote_id || job.ended?
    warn "token #{job.token}" if job.token
    job.wait.assets.each do |asset|
      path = job.download(asset.index, "#{name}-#{job.remote_id}-#{asset.index + 1}.*").wait.path
      begin
        puts path
      rescue SystemCallError, IOError => e # A full disk or a closed pipe: the image is there all the same.
        unwritten = true
        warn "standard output cannot be written (#{e.message}); the image is in #{path}; token #{job.token}"
      end
    end
  rescue Interrupt
    # A submission on the wire gets a moment for its answer, so that the id of a paid job is not lost.
    client.close
    warn job.token ? "interrupted; the job keeps running, its token: #{job.token}" : "interrupted; nothing was accepted"
    exit 130
  end
rescue Aigc::Error => e
  abort ["#{e.name}: #{e.message}", e.token && "token #{e.token}"].compact.join("\n")
ensure
  client&.close
end
exit 1 if unwritten
