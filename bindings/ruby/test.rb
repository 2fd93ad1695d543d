# frozen_string_literal: true

# Against a sandbox: Tests/packaging/run.sh --only ruby sets AIGC_TEST_CONFIG, AIGC_TEST_CONTROL and AIGC_TEST_TOOL.

require "minitest/autorun"
require "minitest/mock"
require "fileutils"
require "open3"
require "timeout"
require "tmpdir"
require_relative "aigc"

class AigcTest < Minitest::Test
  N = Aigc::Native

  def config
    ENV.fetch("AIGC_TEST_CONFIG").lines(chomp: true).reject(&:empty?).to_h { |line| line.split("=", 2) }
  end

  def tool(*arguments)
    said, status = Open3.capture2(*ENV.fetch("AIGC_TEST_TOOL").split("\n"), *arguments)
    assert status.success?, "#{arguments} failed: #{said}"
    said.strip
  end

  def setup
    tool("calm")
    tool("forget")
    @client = Aigc::Client.new(config)
  end

  def teardown
    @client.close(0)
    tool("calm")
  end

  def test_both_clouds_byte_for_byte
    Dir.mktmpdir do |folder|
      cat = @client.tencent.aigc_image(prompt: "红猫 in Ruby", count: 2)
      other = @client.alibaba.pre_model_inference(
        prompt: "a <special-token> in Ruby", image_urls: ["https://example.com/a.png"]
      )
      [cat, other].each do |job|
        job.wait(60)
        assert_equal [N::STATE_SUCCEEDED, N::OUTCOME_ACCEPTED], [job.state, job.outcome]
        job.assets.each do |asset|
          file = job.download(asset.index, "#{folder}/#{job.id}-#{asset.index}.*").wait(60)
          tool("same", job.provider, job.remote_id, asset.index.to_s, file.path)
          assert_equal [File.size(file.path)] * 2, file.bytes.map { |size| size || File.size(file.path) }
          assert_equal File.binread(file.path), job.download(asset.index).wait(60).take_bytes
        end
      end
      assert_equal 2, cat.assets.size
    end
  end

  # Under one key the same request is the same job, and any other is refused.
  def test_numbers_are_sent_as_they_were_written
    Dir.mktmpdir do |folder|
      cloud = Aigc::Client.new(config.merge("journal.path" => "#{folder}/numbers"))
      submit = lambda do |field, value, key|
        cloud.submit(
          "alibaba", "pre_model_inference", image_urls: ["https://example.com/a.png"],
          options: { key: key, hold: true, check: "off" }, prompt: "a <special-token> of numbers", field => value
        )
      end
      numbers = [0.8, 0.1 + 0.2, 1.0, 5e-324, Float::MAX, -300, 9_007_199_254_740_993, (1 << 63) - 1, -(1 << 63)]
      numbers.each do |value|
        submit.call(:"body.A", [value], "list #{value}")
        submit.call(:"body.A", JSON.parse("[#{value}]"), "list #{value}")
        field = value.is_a?(Integer) ? :seed : :strength
        submit.call(field, value, "value #{value}")
        error = assert_raises(Aigc::CallError) { submit.call(field, value.is_a?(Integer) ? 5 : 0.25, "value #{value}") }
        assert_equal N::E_KEY_CONFLICT, error.status
      end
      submit.call(:"body.A", [1 << 64], "large")
      wrong = [1 << 63, Rational(4, 5), Float::NAN].map { |value| [:seed, value] }
      wrong += [[Float::INFINITY], { a: [Rational(1, 2)] }, [Complex(1, 2)]].map { |value| [:"body.A", value] }
      wrong.each do |field, value|
        error = assert_raises(Aigc::CallError) { submit.call(field, value, "wrong") }
        assert_equal N::E_INVALID_ARGUMENT, error.status
      end
      # The text of an object is another one in the next process, which would pay again.
      [Object.new, { id: 1 }, ["a"]].each do |key|
        assert_equal N::E_INVALID_ARGUMENT, assert_raises(Aigc::CallError) { submit.call(:seed, 8, key) }.status
      end
      cloud.close(0)
    end
  end

  def test_one_error_of_each_band
    error = assert_raises(Aigc::CallError) { @client.submit("tencent", "aigc_image", prompts: "x") }
    assert_equal %w[AIGC_E_INVALID_ARGUMENT prompts], [error.name, error.field]

    slow = @client.tencent.aigc_image(prompt: "[never] a cat")
    assert_equal "traceparent", assert_raises(Aigc::CallError) { slow.trace("00-x") }.field
    slow.trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b")
    sleep 0.02 until slow.token
    error = assert_raises(Aigc::StoppedError) { slow.wait(0.2) }
    assert_equal [N::E_TIMEOUT, N::OUTCOME_ACCEPTED, slow.token], [error.status, error.outcome, error.token]
    slow.cancel
    assert_equal N::E_CANCELLED, assert_raises(Aigc::StoppedError) { slow.wait }.status

    away = Aigc::Client.new(config.merge("tencent.endpoint" => "http://127.0.0.1:1"))
    error = assert_raises(Aigc::StoppedError) do
      away.submit("tencent", "aigc_image", prompt: "x", options: { "deadline_ms" => 700 }).wait(30)
    end
    assert_equal N::OUTCOME_NOT_SENT, error.outcome
    given_up = away.tencent.aigc_image(prompt: "x")
    given_up.deadline = 0.2
    assert_equal N::E_DEADLINE, assert_raises(Aigc::StoppedError) { given_up.wait(30) }.status
    known = away.attach_id("tencent", "aigc_image", "4-AigcImage-1", follow: false)
    assert_equal N::E_NETWORK, assert_raises(Aigc::NetworkError) { known.refresh }.status
    away.close(0)

    stranger = Aigc::Client.new(config.merge("tencent.secret_key" => "wrong"))
    error = assert_raises(Aigc::AccountError) { stranger.tencent.aigc_image(prompt: "x").wait(30) }
    assert_equal [N::E_AUTH, false], [error.status, error.provider_code.nil?]
    stranger.close(0)

    error = assert_raises(Aigc::ProviderError) { @client.tencent.aigc_image(prompt: "[fail] a cat").wait(30) }
    assert_equal N::OUTCOME_ACCEPTED, error.outcome
    refute_nil error.token

    tool("fault", "close_after", "CreateAigcImageTask")
    error = assert_raises(Aigc::OutcomeUnknownError) { @client.tencent.aigc_image(prompt: "a doubtful cat").wait(30) }
    assert_equal [N::OUTCOME_UNKNOWN, false], [error.outcome, error.retryable?]
    tool("calm")

    impatient = Aigc::Client.new(config.merge("retry.max_attempts" => "2"))
    job = impatient.tencent.aigc_image(prompt: "a cat for files").wait(30)
    tool("fault", "garbage_body", "asset", "times=-1")
    assert_equal N::E_NOT_AN_IMAGE, assert_raises(Aigc::AssetError) { job.download.wait(30) }.status
    tool("calm")
    assert_raises(Aigc::MachineError) { job.download(0, "/nowhere/cat.*").wait(30) }
  end

  def test_a_thousand_jobs_in_flight
    jobs = (0...1000).map { |i| @client.tencent.aigc_image(prompt: "cat #{i} in Ruby") }
    ended = Hash.new(0)
    ended.store(nil, 0)
    done = 0
    while done < 1000
      event = @client.next_event(60) or flunk "no event came"
      next unless event.type == N::EVENT_JOB_DONE

      ended[event.job_id] += 1
      done += 1
    end
    ended.delete(nil)
    assert_equal jobs.map(&:id).sort, ended.keys.sort
    assert(ended.values.all?(1))
    assert(jobs.all? { |job| job.state == N::STATE_SUCCEEDED })
    assert_equal 1000, jobs.map(&:remote_id).uniq.size
    assert_equal %w[1000 0], [tool("created", "tencent"), tool("duplicates")]
  end

  def test_threads_wait_and_the_interpreter_keeps_running
    counted = 0
    counter = Thread.new { loop { counted += 1 and sleep 0.01 } }
    Array.new(8) { |i| Thread.new { @client.tencent.aigc_image(prompt: "cat #{i} in a thread").wait(60) } }.each(&:join)
    counter.kill
    assert_operator counted, :>, 10
  end

  def test_a_waiting_thread_is_woken
    other = Aigc::Client.new(config)
    told = Queue.new
    Thread.new { told << other.next_event(0.05) }
    other.wake
    assert_nil told.pop
    other.close
  end

  # An interrupt comes while the library begins the job: nobody has the job, so the binding tells of it.
  def interrupted_in(function)
    native = N.method(function)
    through = lambda do |*arguments|
      native.call(*arguments).tap { yield arguments.last(2).first.ptr }
    end
    N.stub(function, through) { yield nil }
  end

  def accepted(pointer)
    sleep 0.01 while N.aigc_job_token(pointer).null?
  end

  def test_an_interrupt_inside_submit_loses_no_job
    [Interrupt, Timeout::Error].each_with_index do |kind, index|
      _, said = capture_io do
        interrupted_in(:aigc_client_submit) do |begun|
          next assert_raises(kind) { @client.tencent.aigc_image(prompt: "[never] a cat #{index}") } if begun.nil?

          accepted(begun)
          raise kind
        end
      end
      assert_match(/a submission was interrupted: accepted; fetch it with: aigc fetch aigc1:/, said)
    end
    assert_equal "2", tool("created", "tencent")
  end

  def test_an_answered_call_has_an_answer
    call = @client.call("tencent", "SandboxEchoThing").wait(60)
    assert_equal "the provider has answered this call, which may be paid; request id #{call.request_id}", call.outcome_text
  end

  def test_a_wait_that_close_ends_has_the_token
    tool("fault", "delay_after", "CreateAigcImageTask", "ms=700", "times=1")
    own = Aigc::Client.new(config)
    job = own.tencent.aigc_image(prompt: "[never] a late cat")
    waiter = Thread.new { assert_raises(Aigc::StoppedError) { job.wait } }
    sleep 0.01 while job.outcome < N::OUTCOME_UNKNOWN
    capture_io { own.close(60) }
    error = waiter.value
    assert_equal [N::E_CANCELLED, N::OUTCOME_ACCEPTED], [error.status, error.outcome]
    assert_match(/^aigc1:/, error.token)
  end

  def test_a_killed_thread_loses_no_job
    _, said = capture_io do
      interrupted_in(:aigc_client_submit) do |begun|
        next Thread.new { @client.tencent.aigc_image(prompt: "[never] a cat") }.join if begun.nil?

        accepted(begun)
        Thread.current.kill
      end
    end
    assert_match(/accepted; fetch it with: aigc fetch aigc1:/, said)
  end

  # Another program waits for a job that never ends, and gets Ctrl-C. Gives what it has said on standard error.
  def interrupted_program(body)
    script = <<~RUBY
      require #{File.expand_path("aigc", __dir__).dump}
      config = ENV.fetch("AIGC_TEST_CONFIG").lines(chomp: true).reject(&:empty?).to_h { |line| line.split("=", 2) }
      def interrupt(job)
        Thread.new { sleep 0.01 until job.remote_id; Process.kill(:INT, Process.pid) }
      end
      #{body}
    RUBY
    _, said, status = Open3.capture3("ruby", "-w", "-e", script)
    refute status.success?
    said
  end

  def test_ctrl_c_during_a_wait_gives_the_token_when_the_client_is_closed
    said = interrupted_program(<<~RUBY)
      Aigc::Client.open(config) do |client|
        job = client.tencent.aigc_image(prompt: "[never] a cat")
        interrupt(job)
        job.wait
      end
    RUBY
    token = said[/closed before a job ended: accepted; fetch it with: aigc fetch (aigc1:\S+)/, 1]
    refute_nil token, said
    assert_equal token, @client.attach(token, follow: false).token
  end

  def test_ctrl_c_gives_the_token_of_a_client_that_nobody_closes
    said = interrupted_program(<<~RUBY)
      client = Aigc::Client.new(config)
      job = client.tencent.aigc_image(prompt: "[never] a cat")
      interrupt(job)
      job.wait
    RUBY
    assert_match(/closed before a job ended: accepted; fetch it with: aigc fetch aigc1:/, said)
  end

  def test_no_warning_of_a_job_that_somebody_knows
    _, said = capture_io do
      Aigc::Client.open(config) do |client|
        client.tencent.aigc_image(prompt: "a cat").wait(60)
        known = client.tencent.aigc_image(prompt: "[never] a known cat")
        sleep 0.01 until known.token
        client.tencent.aigc_image(prompt: "a held cat", hold: true)
        ended = client.tencent.aigc_image(prompt: "another cat")
        sleep 0.01 until ended.ended?
      end
    end
    assert_equal "", said
  end

  def test_an_interrupted_submission_that_has_not_left_never_leaves
    _, said = capture_io do
      interrupted_in(:aigc_client_submit) do |begun|
        next assert_raises(Interrupt) { @client.tencent.aigc_image(prompt: "a cat", hold: true) } if begun.nil?

        raise Interrupt
      end
    end
    assert_equal ["", "0"], [said, tool("created", "tencent")]
  end

  def test_an_answer_that_is_no_json_is_text
    tool("fault", "garbage_body", "CreateAigcImageTask")
    job = @client.tencent.aigc_image(prompt: "a cat")
    assert_raises(Aigc::OutcomeUnknownError) { job.wait(60) }
    assert_kind_of String, job.provider_response
  end

  def test_a_token_attaches_in_another_process
    job = @client.tencent.aigc_image(prompt: "a cat for two")
    sleep 0.02 until job.token
    script = 'client = Aigc::Client.new(ARGV[1..].to_h { |l| l.split("=", 2) }); print client.attach(ARGV[0]).wait(60).remote_id'
    said, status = Open3.capture2e(RbConfig.ruby, "-r", File.expand_path("aigc", __dir__), "-e", script, job.token,
                                   *config.map { |pair| pair.join("=") })
    assert status.success?, said
    assert_equal job.wait(60).remote_id, said
  end

  def test_a_forked_child_may_only_let_go
    job = @client.tencent.aigc_image(prompt: "[slow] a cat and a fork")
    sleep 0.02 until job.token
    reader, writer = IO.pipe
    child = fork do
      reader.close
      begin
        @client.tencent.aigc_image(prompt: "a cat of the child")
        writer.write("sent")
      rescue Aigc::CallError => e
        own = Aigc::Client.new(config)
        writer.write("#{e.name} #{own.attach(job.token.to_s).wait(60).state_name}") if job.token
        writer.write("#{e.name} #{own.tencent.aigc_image(prompt: "a cat of its own").wait(60).state_name}") unless job.token
        own.close
      end
      writer.close
      exit!(0)
    end
    writer.close
    said = reader.read
    Process.wait(child)
    assert_equal "AIGC_E_FORKED AIGC_STATE_SUCCEEDED", said
    job.wait(60)
  end

  def journal
    @journal ||= File.join(Dir.mktmpdir, "journal").tap { |path| Minitest.after_run { FileUtils.rm_rf(File.dirname(path)) } }
  end

  KEYED = <<~RUBY
    client = Aigc::Client.new(ARGV.to_h { |l| l.split("=", 2) })
    jobs = (0...20).map { |i| client.tencent.aigc_image(prompt: "[slow] cat \#{i}", key: "k/\#{i}") }
    sleep 0.02 until jobs.first(10).all?(&:token)
    puts "accepted"
    $stdout.flush
    sleep
  RUBY

  def test_a_kill_with_the_journal_pays_once
    settings = config.merge("journal.path" => journal)
    words = [RbConfig.ruby, "-r", File.expand_path("aigc", __dir__), "-e", KEYED, *settings.map { |pair| pair.join("=") }]
    IO.popen(words) do |other|
      assert_equal "accepted", other.gets&.chomp
      Process.kill(:KILL, other.pid)
    end
    doubtful = 0
    Aigc::Client.open(settings) do |heir|
      jobs = (0...20).map { |i| heir.tencent.aigc_image(prompt: "[slow] cat #{i}", key: "k/#{i}") }
      assert_equal((0...20).map { |i| "k/#{i}" }, jobs.map(&:key))
      jobs.each do |job|
        job.wait(60)
      rescue Aigc::OutcomeUnknownError
        doubtful += 1
      end
    end
    made = tool("created", "tencent").to_i
    assert_operator doubtful, :<=, 10
    assert_includes (20 - doubtful)..20, made
    assert_equal "0", tool("duplicates")
  end

  def test_preforked_workers_share_a_journal
    settings = config.merge("journal.path" => journal)
    parent = Aigc::Client.new(settings)
    parent.tencent.aigc_image(prompt: "cat 0", key: "k/0").wait(60)
    workers = Array.new(4) do
      fork do
        own = Aigc::Client.new(settings)
        jobs = (0...10).map { |i| own.tencent.aigc_image(prompt: "cat #{i}", key: "k/#{i}") }
        ids = jobs.map { |job| job.wait(60).remote_id }
        own.close
        parent.close # frees only: the parent keeps its client
        exit!(ids.uniq.size == 10)
      end
    end
    assert(workers.all? { |worker| Process.wait2(worker).last.success? })
    assert_equal %w[10 0], [tool("created", "tencent"), tool("duplicates")]
    assert_equal N::STATE_SUCCEEDED, parent.tencent.aigc_image(prompt: "cat of the parent", key: "k/p").wait(60).state
    parent.close
  end

  def test_resume_attach_key_hold_and_the_tools
    settings = config.merge("journal.path" => journal)
    first = Aigc::Client.new(settings)
    job = first.tencent.aigc_image(prompt: "[slow] a cat", key: "k/1")
    sleep 0.02 until job.token
    first.close(0)

    second = Aigc::Client.new(settings)
    assert_equal 1, second.resume
    event = second.next_event(60) until event&.type == N::EVENT_JOB_DONE
    assert_equal ["k/1", N::STATE_SUCCEEDED], [event.job.key, event.job.state]
    assert_equal "k/1", second.attach_key("k/1").key
    assert_equal N::E_NOT_FOUND, assert_raises(Aigc::ProviderError) { second.attach_key("none") }.status
    error = assert_raises(Aigc::CallError) { second.tencent.aigc_image(prompt: "another", key: "k/1") }
    assert_equal N::E_KEY_CONFLICT, error.status
    held = second.tencent.aigc_image(prompt: "a held cat", hold: true)
    event = second.next_event(60) until event.type == N::EVENT_JOB_READY
    assert_equal "1", tool("created", "tencent")
    held.release
    held.wait(60)
    assert_equal "2", tool("created", "tencent")
    second.close

    tool("fault", "close_after", "CreateAigcImageTask")
    Aigc::Client.open(settings) do |third|
      assert_raises(Aigc::OutcomeUnknownError) { third.tencent.aigc_image(prompt: "x", key: "d/1").wait(60) }
    end
    assert_equal ["d/1"], Aigc::Journal.rows(journal, states: ["unknown"], limit: 1).map { |row| row["key"] }
    Aigc::Journal.resolve(journal, "d/1", N::OUTCOME_UNKNOWN)
    assert_equal "abandoned", Aigc::Journal.rows(journal, prefix: "d/").first["state"]
    assert_equal true, Aigc::Journal.check(journal)["ok"]
    [Float::INFINITY, 2**80, 1e300].each { |ever| assert_equal 0, Aigc::Journal.prune(journal, ever) }
    [Float::NAN, -1, -0.0001].each do |wrong|
      assert_equal "older_than", assert_raises(Aigc::CallError) { Aigc::Journal.prune(journal, wrong) }.field
    end
    assert_equal 3, Aigc::Journal.prune(journal, 0)
    assert_equal N::E_JOURNAL, assert_raises(Aigc::MachineError) { Aigc::Journal.check("/nowhere/at/all") }.status
  end

  def test_for_ever_is_never_at_once
    job = @client.tencent.aigc_image(prompt: "[never] a cat")
    sleep 0.02 until job.token
    [Float::INFINITY, 2**80, 1e300].each do |ever|
      job.deadline = ever
      job.refresh(ever)
    end
    refute job.ended?
    [Float::NAN, -1].each do |wrong|
      assert_raises(Aigc::CallError) { job.deadline = wrong }
      assert_raises(Aigc::CallError) { @client.close(wrong) }
    end
    assert_equal N::STATE_SUCCEEDED, @client.tencent.aigc_image(prompt: "a cat").wait(Float::INFINITY).state
    job.cancel
    @client.close(Float::INFINITY)
  end

  def test_handles_go_with_the_collector_and_never_with_the_job
    token = nil
    lambda do
      job = @client.tencent.aigc_image(prompt: "a forgotten cat")
      sleep 0.02 until (token = job.token)
    end.call
    3.times { GC.start }
    assert_equal N::STATE_SUCCEEDED, @client.attach(token).wait(60).state
    assert_equal "1", tool("created", "tencent")
  end
end
