<?php

// Against a sandbox: Tests/packaging/run.sh --only php sets AIGC_TEST_CONFIG, AIGC_TEST_CONTROL and AIGC_TEST_TOOL.
// Prints one line a fact and ends with 1 if one is wrong.

declare(strict_types=1);

require __DIR__ . '/aigc.php';

use Aigc\Client;
use Aigc\Error;
use Aigc\Native as N;

$failed = false;

function config(array $more = []): array
{
    $config = [];
    foreach (array_filter(explode("\n", getenv('AIGC_TEST_CONFIG'))) as $line) {
        [$key, $value] = explode('=', $line, 2);
        $config[$key] = $value;
    }
    return $more + $config;
}

function tool(string ...$arguments): string
{
    $command = array_merge(array_filter(explode("\n", getenv('AIGC_TEST_TOOL'))), $arguments);
    exec(implode(' ', array_map('escapeshellarg', $command)), $said, $status);
    same(0, $status, implode(' ', $arguments));
    return implode("\n", $said);
}

function same(mixed $wanted, mixed $found, string $what = 'value'): void
{
    if ($wanted !== $found) {
        throw new AssertionError("$what is " . json_encode($found) . ', not ' . json_encode($wanted));
    }
}

/** @param class-string<Error> $class */
function raises(string $class, callable $work): Error
{
    try {
        $work();
    } catch (Error $error) {
        same($class, $error::class, $error->getMessage());
        return $error;
    }
    throw new AssertionError("no $class came");
}

function accepted(Aigc\Job $job): Aigc\Job
{
    for ($tries = 0; $job->token() === null && !$job->ended(); $tries++) {
        same(true, $tries < 3000, 'accepted within 30 s');
        usleep(10000);
    }
    return $job;
}

$tests = [
    'both clouds, byte for byte' => function (Client $client): void {
        $folder = sys_get_temp_dir() . '/aigc-php-' . getmypid();
        mkdir($folder);
        $cat = $client->tencent()->aigcImage(prompt: '红猫 in PHP', count: 2);
        $other = $client->alibaba()->preModelInference(
            prompt: 'a <special-token> in PHP',
            imageUrls: ['https://example.com/a.png'],
        );
        foreach ([$cat, $other] as $job) {
            $job->wait(60);
            same([N::STATE_SUCCEEDED, N::OUTCOME_ACCEPTED], [$job->state(), $job->outcome()]);
            foreach ($job->assets() as $asset) {
                $file = $job->download($asset->index, "$folder/{$job->id()}-{$asset->index}.*")->wait(60);
                tool('same', $job->provider(), $job->remoteId(), (string) $asset->index, $file->path());
                $bytes = file_get_contents($file->path());
                same(strlen($bytes), $file->bytes()[0]);
                same(true, $bytes === $job->download($asset->index)->wait(60)->takeBytes(), 'the same bytes');
                unlink($file->path());
            }
        }
        rmdir($folder);
        same(2, count($cat->assets()));
    },
    'one error of each band' => function (Client $client): void {
        $error = raises(Aigc\CallError::class, fn () => $client->submit('tencent', 'aigc_image', ['prompts' => 'x']));
        same(['AIGC_E_INVALID_ARGUMENT', 'prompts'], [$error->name(), $error->field]);
        raises(Aigc\CallError::class, fn () => $client->tencent()->aigcImage(prompt: "a\0b"));
        raises(Aigc\CallError::class, fn () => $client->tencent()->aigcImage(prompt: "a\xff"));
        $traced = $client->tencent()->aigcImage(prompt: '[never] a traced cat');
        same('traceparent', raises(Aigc\CallError::class, fn () => $traced->setTrace('00-x'))->field);
        $traced->setTrace('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'a=b');
        $traced->cancel();
        $slow = accepted($client->tencent()->aigcImage(prompt: '[never] a cat'));
        $error = raises(Aigc\StoppedError::class, fn () => $slow->wait(0.2));
        same([N::E_TIMEOUT, $slow->token()], [$error->status, $error->token]);
        $slow->cancel();
        same(N::E_CANCELLED, raises(Aigc\StoppedError::class, fn () => $slow->wait())->status);
        $away = new Client(config(['tencent.endpoint' => 'http://127.0.0.1:1']));
        $late = $away->submit('tencent', 'aigc_image', ['prompt' => 'x'], [], ['deadline_ms' => 700]);
        same(N::OUTCOME_NOT_SENT, raises(Aigc\StoppedError::class, fn () => $late->wait(30))->outcome);
        $givenUp = $away->tencent()->aigcImage(prompt: 'x');
        $givenUp->setDeadline(0.2);
        same(N::E_DEADLINE, raises(Aigc\StoppedError::class, fn () => $givenUp->wait(30))->status);
        $known = $away->attachId('tencent', 'aigc_image', '4-AigcImage-1', false);
        same(N::E_NETWORK, raises(Aigc\NetworkError::class, fn () => $known->refresh())->status);
        $away->close(0);
        $stranger = new Client(config(['tencent.secret_key' => 'wrong']));
        $error = raises(Aigc\AccountError::class, fn () => $stranger->tencent()->aigcImage(prompt: 'x')->wait(30));
        same([N::E_AUTH, true], [$error->status, $error->providerCode !== null]);
        $stranger->close(0);
        $error = raises(Aigc\ProviderError::class, fn () => $client->tencent()->aigcImage(prompt: '[fail] x')->wait(30));
        same([N::OUTCOME_ACCEPTED, true], [$error->outcome, $error->token !== null]);
        tool('fault', 'close_after', 'CreateAigcImageTask');
        $doubtful = $client->tencent()->aigcImage(prompt: 'a doubtful cat');
        $error = raises(Aigc\OutcomeUnknownError::class, fn () => $doubtful->wait(30));
        same([N::OUTCOME_UNKNOWN, false], [$error->outcome, $error->retryable]);
        tool('calm');
        $impatient = new Client(config(['retry.max_attempts' => 2]));
        $job = $impatient->tencent()->aigcImage(prompt: 'a cat for files')->wait(30);
        tool('fault', 'garbage_body', 'asset', 'times=-1');
        same(N::E_NOT_AN_IMAGE, raises(Aigc\AssetError::class, fn () => $job->download()->wait(30))->status);
        tool('calm');
        raises(Aigc\MachineError::class, fn () => $job->download(0, '/nowhere/cat.*')->wait(30));
    },
    'a thousand jobs in flight' => function (Client $client): void {
        $jobs = [];
        for ($i = 0; $i < 1000; $i++) {
            $jobs[] = $client->tencent()->aigcImage(prompt: "cat $i in PHP");
        }
        $ended = [];
        while (count($ended) < 1000) {
            $event = $client->nextEvent(60) ?? throw new AssertionError('no event came');
            if ($event->type === N::EVENT_JOB_DONE) {
                same(false, isset($ended[$event->jobId]), 'a second end');
                $ended[$event->jobId] = $event->job->remoteId();
            }
        }
        same(1000, count(array_unique($ended)), 'ids');
        foreach ($jobs as $job) {
            same(N::STATE_SUCCEEDED, $job->state());
        }
        same(['1000', '0'], [tool('created', 'tencent'), tool('duplicates')]);
    },
    'a token attaches in another process' => function (Client $client): void {
        $job = accepted($client->tencent()->aigcImage(prompt: 'a cat for two'));
        $script = 'require $argv[1]; $c = []; foreach (array_slice($argv, 3) as $l) { [$k, $c[$k]] = explode("=", $l, 2); }'
            . ' echo (new Aigc\Client($c))->attach($argv[2])->wait(60)->remoteId();';
        $command = [PHP_BINARY, '-r', $script, '--', __DIR__ . '/aigc.php', $job->token()];
        foreach (config() as $key => $value) {
            $command[] = "$key=$value";
        }
        exec(implode(' ', array_map('escapeshellarg', $command)), $said, $status);
        same([0, $job->wait(60)->remoteId()], [$status, implode("\n", $said)]);
    },
    'a forked child may only let go' => function (Client $client): void {
        if (!extension_loaded('pcntl')) {
            echo "# without pcntl no fork\n";
            return;
        }
        $job = accepted($client->tencent()->aigcImage(prompt: '[slow] a cat and a fork'));
        $file = tempnam(sys_get_temp_dir(), 'aigc');
        $child = pcntl_fork();
        if ($child === 0) {
            try {
                $client->tencent()->aigcImage(prompt: 'a cat of the child');
                file_put_contents($file, 'sent');
            } catch (Error $error) {
                $own = new Client(config());
                $state = $own->tencent()->aigcImage(prompt: 'a cat of its own')->wait(60)->stateName();
                file_put_contents($file, $error->name() . " $state");
            }
            posix_kill(getmypid(), SIGKILL);
        }
        pcntl_waitpid($child, $status);
        same('AIGC_E_FORKED AIGC_STATE_SUCCEEDED', file_get_contents($file));
        unlink($file);
        $job->wait(60);
    },
    'a kill with the journal pays once' => function (Client $client): void {
        $folder = sys_get_temp_dir() . '/aigc-php-journal-' . getmypid();
        mkdir($folder);
        $settings = config(['journal.path' => "$folder/journal"]);
        $script = 'require $argv[1]; $c = []; foreach (array_slice($argv, 2) as $l) { [$k, $c[$k]] = explode("=", $l, 2); }'
            . ' $client = new Aigc\Client($c); for ($i = 0; $i < 20; $i++) {'
            . ' $jobs[] = $client->tencent()->aigcImage(prompt: "[slow] cat $i", key: "k/$i"); }'
            . ' foreach (array_slice($jobs, 0, 10) as $job) { while ($job->token() === null) { usleep(10000); } }'
            . ' echo "accepted\n"; sleep(60);';
        $command = [PHP_BINARY, '-r', $script, '--', __DIR__ . '/aigc.php'];
        foreach ($settings as $key => $value) {
            $command[] = "$key=$value";
        }
        $process = proc_open($command, [1 => ['pipe', 'w']], $pipes);
        same("accepted\n", fgets($pipes[1]));
        proc_terminate($process, 9);
        proc_close($process);
        $heir = new Client($settings);
        $jobs = [];
        for ($i = 0; $i < 20; $i++) {
            $jobs[] = $heir->tencent()->aigcImage(prompt: "[slow] cat $i", key: "k/$i");
            same("k/$i", $jobs[$i]->key());
        }
        $doubtful = 0;
        foreach ($jobs as $job) {
            try {
                $job->wait(60);
            } catch (Aigc\OutcomeUnknownError) {
                $doubtful++;
            }
        }
        $heir->close();
        $made = (int) tool('created', 'tencent');
        same(true, $doubtful <= 10 && $made >= 20 - $doubtful && $made <= 20, "$made jobs, $doubtful in doubt");
        same('0', tool('duplicates'));
        exec('rm -r ' . escapeshellarg($folder));
    },
    'forked workers share a journal' => function (Client $client): void {
        if (!extension_loaded('pcntl')) {
            echo "# without pcntl no fork\n";
            return;
        }
        $folder = sys_get_temp_dir() . '/aigc-php-journal-' . getmypid();
        mkdir($folder);
        $settings = config(['journal.path' => "$folder/journal"]);
        $parent = new Client($settings);
        $parent->tencent()->aigcImage(prompt: 'cat 0', key: 'k/0')->wait(60);
        $workers = [];
        for ($w = 0; $w < 4; $w++) {
            $workers[] = $child = pcntl_fork();
            if ($child === 0) {
                $own = new Client($settings);
                $jobs = [];
                for ($i = 0; $i < 10; $i++) {
                    $jobs[] = $own->tencent()->aigcImage(prompt: "cat $i", key: "k/$i");
                }
                $ids = array_map(fn (Aigc\Job $job): ?string => $job->wait(60)->remoteId(), $jobs);
                $own->close();
                if (count(array_unique($ids)) === 10) {
                    file_put_contents("$folder/fine", '.', FILE_APPEND);
                }
                posix_kill(getmypid(), SIGKILL);
            }
        }
        foreach ($workers as $worker) {
            pcntl_waitpid($worker, $status);
        }
        same('....', file_get_contents("$folder/fine"));
        same(['10', '0'], [tool('created', 'tencent'), tool('duplicates')]);
        same(N::STATE_SUCCEEDED, $parent->tencent()->aigcImage(prompt: 'of the parent', key: 'k/p')->wait(60)->state());
        $parent->close();
        exec('rm -r ' . escapeshellarg($folder));
    },
    'resume, attachKey, hold, and the journal for tools' => function (Client $client): void {
        $folder = sys_get_temp_dir() . '/aigc-php-journal-' . getmypid();
        mkdir($folder);
        $journal = "$folder/journal";
        $settings = config(['journal.path' => $journal]);
        $first = new Client($settings);
        accepted($first->tencent()->aigcImage(prompt: '[slow] a cat', key: 'k/1'));
        $first->close(0);
        $second = new Client($settings);
        same(1, $second->resume());
        do {
            $event = $second->nextEvent(60) ?? throw new AssertionError('no event came');
        } while ($event->type !== N::EVENT_JOB_DONE);
        same(['k/1', N::STATE_SUCCEEDED], [$event->job->key(), $event->job->state()]);
        same('k/1', $second->attachKey('k/1')->key());
        same(N::E_NOT_FOUND, raises(Aigc\ProviderError::class, fn () => $second->attachKey('none'))->status);
        $error = raises(Aigc\CallError::class, fn () => $second->tencent()->aigcImage(prompt: 'another', key: 'k/1'));
        same(N::E_KEY_CONFLICT, $error->status);
        $held = $second->tencent()->aigcImage(prompt: 'a held cat', hold: true);
        do {
            $event = $second->nextEvent(60) ?? throw new AssertionError('no event came');
        } while ($event->type !== N::EVENT_JOB_READY);
        same('1', tool('created', 'tencent'));
        $held->release();
        $held->wait(60);
        same('2', tool('created', 'tencent'));
        $second->close();
        tool('fault', 'close_after', 'CreateAigcImageTask');
        $third = new Client($settings);
        $doubtful = $third->tencent()->aigcImage(prompt: 'x', key: 'd/1');
        raises(Aigc\OutcomeUnknownError::class, fn () => $doubtful->wait(60));
        $third->close();
        $rows = iterator_to_array(Aigc\Journal::rows($journal, ['states' => ['unknown'], 'limit' => 1]), false);
        same(['d/1'], array_column($rows, 'key'));
        Aigc\Journal::resolve($journal, 'd/1', N::OUTCOME_UNKNOWN);
        same('abandoned', Aigc\Journal::rows($journal, ['prefix' => 'd/'])->current()['state']);
        same(true, Aigc\Journal::check($journal)['ok']);
        foreach ([INF, PHP_INT_MAX, 1e300] as $ever) {
            same(0, Aigc\Journal::prune($journal, $ever), "keys that are older than $ever s");
        }
        foreach ([NAN, -INF, -1, -0.0001] as $wrong) {
            $error = raises(Aigc\CallError::class, fn () => Aigc\Journal::prune($journal, $wrong));
            same([N::E_INVALID_ARGUMENT, 'olderThan'], [$error->status, $error->field]);
        }
        same(3, Aigc\Journal::prune($journal, 0));
        same(N::E_JOURNAL, raises(Aigc\MachineError::class, fn () => Aigc\Journal::check('/nowhere/at/all'))->status);
        exec('rm -r ' . escapeshellarg($folder));
    },
    'a signal handler that throws inside submit() loses no job' => function (Client $client): void {
        if (!extension_loaded('pcntl') || !extension_loaded('posix')) {
            return;
        }
        $log = tempnam(sys_get_temp_dir(), 'aigc');
        $before = [ini_set('error_log', $log), pcntl_async_signals(true)];
        pcntl_signal(SIGUSR1, fn () => throw new RuntimeException('interrupted'));
        $library = N::library();
        $request = (new ReflectionMethod($client, 'request'))->invoke(
            $client, 'tencent', 'aigc_image', ['prompt' => '[never] a cat'], [], []);
        // The signal comes when the library has begun the job, and PHP looks at signals after the call.
        $interrupted = function (FFI\CData $out, FFI\CData $error) use ($client, $library, $request): int {
            $handle = (new ReflectionProperty($client, 'handle'))->getValue($client);
            $status = $library->aigc_client_submit($handle, $request, $out, $error);
            while ($library->aigc_job_token($out[0]) === null) {
                usleep(10000);
            }
            posix_kill(posix_getpid(), SIGUSR1);
            return $status;
        };
        try {
            (new ReflectionMethod($client, 'begun'))->invoke($client, $interrupted);
            throw new AssertionError('no signal came');
        } catch (RuntimeException $error) {
            same('interrupted', $error->getMessage());
        }
        $library->aigc_request_free($request);
        $said = file_get_contents($log);
        ini_set('error_log', (string) $before[0]);
        pcntl_async_signals($before[1]);
        unlink($log);
        same('1', tool('created', 'tencent'));
        same(1, preg_match('/a submission was interrupted: accepted; fetch it with: aigc fetch aigc1:/', $said), $said);
    },
    'a signal handler that throws inside a wait loses no token and no event' => function (): void {
        if (!extension_loaded('pcntl') || !extension_loaded('posix')) {
            return;
        }
        $said = function (callable $work): string {
            $log = tempnam(sys_get_temp_dir(), 'aigc');
            $before = [ini_set('error_log', $log), pcntl_async_signals(true)];
            pcntl_signal(SIGUSR1, fn () => throw new RuntimeException('interrupted'));
            try {
                $work();
            } finally {
                ini_set('error_log', (string) $before[0]);
                pcntl_async_signals($before[1]);
                $text = file_get_contents($log);
                unlink($log);
            }
            return $text;
        };
        // The signal comes in the middle of a call of the library, from another process.
        $signal = function (string $when): void {
            $me = posix_getpid();
            exec("(sleep $when; kill -USR1 $me) > /dev/null 2>&1 &");
        };
        $interrupted = function (callable $wait): void {
            try {
                $wait();
            } catch (RuntimeException $error) {
                same('interrupted', $error->getMessage());
                return;
            }
            throw new AssertionError('no signal came');
        };
        $token = null;
        $text = $said(function () use ($signal, $interrupted, &$token): void {
            $own = new Client(config());
            $job = $own->tencent()->aigcImage(prompt: '[never] a cat');
            while ($job->remoteId() === null) {
                usleep(10000);
            }
            $signal('0.5');
            $interrupted(fn () => $job->wait());
            $own->close();
            $token = $job->token();
        });
        same(1, substr_count($text, "a wait was interrupted, and not the job; its token: $token"), $text);
        same(1, substr_count($text, 'aigc: '), $text);
        // On the wire, and nobody closes the client: its end tells.
        tool('fault', 'delay_after', 'CreateAigcImageTask', 'ms=1500', 'times=1');
        $text = $said(function () use ($signal, $interrupted): void {
            $own = new Client(config(['close.grace_ms' => 60000]));
            $job = $own->tencent()->aigcImage(prompt: '[never] a cat');
            while ($job->outcome() < N::OUTCOME_UNKNOWN) {
                usleep(10000);
            }
            $signal('0');
            $interrupted(fn () => $job->wait());
        });
        same(1, substr_count($text, 'not the job; no provider has accepted it yet, but its submission may be on the wire'), $text);
        same(1, preg_match('/nobody had read the token of a job: accepted; fetch it with: aigc fetch aigc1:/', $text), $text);
        // An event that comes with the signal is given by the next call.
        $said(function () use ($signal): void {
            $own = new Client(config());
            $own->nextEvent();
            for ($round = 0; $round < 5; $round++) {
                $job = accepted($own->tencent()->aigcImage(prompt: '[never] a cat'));
                [$ended, $came, $waits] = [false, false, false];
                pcntl_signal(SIGUSR1, function () use (&$came, &$waits): void {
                    $came = true;
                    $waits && throw new RuntimeException('interrupted');
                });
                $signal('0.03');
                $job->setDeadline(0.06); // its end comes in the wait that the signal finds
                while (!$ended) {
                    try {
                        $waits = true;
                        $event = $own->nextEvent(30);
                        $waits = false;
                        same(true, $event !== null, 'an event');
                        $ended = $event->type === N::EVENT_JOB_DONE && $event->jobId === $job->id();
                    } catch (RuntimeException $error) {
                        $waits = false;
                        same('interrupted', $error->getMessage());
                    }
                }
                while (!$came) {
                    usleep(10000);
                }
            }
        });
    },
    'an answered call has an answer' => function (Client $client): void {
        $call = $client->call('tencent', 'SandboxEchoThing')->wait(60);
        same('the provider has answered this call, which may be paid; request id ' . $call->requestId(), $call->outcomeText());
    },
    'close() tells of each job that nobody has the token of' => function (): void {
        $log = tempnam(sys_get_temp_dir(), 'aigc');
        $before = ini_set('error_log', $log);
        tool('fault', 'delay_after', 'CreateAigcImageTask', 'ms=500', 'times=3');
        $own = new Client(config());
        for ($number = 0; $number < 3; $number++) {
            $own->tencent()->aigcImage(prompt: "[never] dropped cat $number");
        }
        while (tool('created', 'tencent') !== '3') {
            usleep(10000);
        }
        $own->close(30);
        // Jobs that somebody knows of: the end, the event of the end, or the token.
        $quiet = new Client(config());
        $quiet->tencent()->aigcImage(prompt: 'a cat')->wait(60);
        accepted($quiet->tencent()->aigcImage(prompt: '[never] a cat'));
        $quiet->close();
        $said = file_get_contents($log);
        ini_set('error_log', (string) $before);
        unlink($log);
        same(3, preg_match_all('/nobody had read the token of a job: accepted; fetch it with: aigc fetch aigc1:/', $said), $said);
        same(3, substr_count($said, 'the client was closed'), $said);
    },
    'for ever is never at once' => function (Client $client): void {
        $job = accepted($client->tencent()->aigcImage(prompt: '[never] a cat'));
        foreach ([INF, PHP_INT_MAX, 1e300] as $ever) {
            $job->setDeadline($ever);
            $job->refresh($ever);
        }
        raises(Aigc\StoppedError::class, fn () => $job->wait(-1));
        same(false, $job->ended(), 'ended by a deadline of for ever');
        foreach ([NAN, -1] as $wrong) {
            raises(Aigc\CallError::class, fn () => $job->setDeadline($wrong));
            raises(Aigc\CallError::class, fn () => $client->close($wrong));
        }
        tool('fault', 'delay_after', 'CreateAigcImageTask', 'ms=700');
        $own = new Client(config());
        $late = $own->tencent()->aigcImage(prompt: '[never] a cat');
        while (tool('created', 'tencent') !== '2') {
            usleep(10000);
        }
        $own->close(INF);
        same(true, $late->token() !== null, 'the token of a job that close() waited for');
    },
    'an answer that is no JSON is text' => function (Client $client): void {
        tool('fault', 'garbage_body', 'CreateAigcImageTask');
        $job = $client->tencent()->aigcImage(prompt: 'a cat');
        raises(Aigc\OutcomeUnknownError::class, fn () => $job->wait(60));
        same(true, is_string($job->providerResponse()));
    },
    'numbers are sent as they were written' => function (): void {
        $folder = sys_get_temp_dir() . '/aigc-php-numbers-' . getmypid();
        $cloud = new Client(config(['journal.path' => $folder]));
        $submit = fn (string $field, mixed $value, string $key) => $cloud->submit(
            'alibaba', 'pre_model_inference', ['prompt' => 'a <special-token> of numbers', $field => $value],
            ['https://example.com/a.png'], ['hold' => true, 'check' => 'off'], $key);
        // What a php.ini of old has.
        ini_set('serialize_precision', '17');
        foreach ([0.8, 0.1 + 0.2, 1.0, 5e-324, PHP_FLOAT_MAX, -300, PHP_INT_MAX, PHP_INT_MIN, true] as $number => $value) {
            $submit('body.A', [$value, ['a' => $value]], "list-$number");
            ini_set('serialize_precision', '-1');
            $submit('body.A', [$value, ['a' => $value]], "list-$number");
            $error = raises(Aigc\CallError::class, fn () => $submit('body.A', [0.25], "list-$number"));
            same(N::E_KEY_CONFLICT, $error->status);
            ini_set('serialize_precision', '17');
            if (!is_bool($value)) {
                $submit(is_int($value) ? 'seed' : 'strength', $value, "value-$number");
            }
        }
        same('17', ini_get('serialize_precision'));
        ini_set('serialize_precision', '-1');
        $wrong = [NAN, INF, [NAN]];
        if (function_exists('gmp_init')) {
            array_push($wrong, gmp_init(5), [['a' => gmp_init(5)]]);
        }
        foreach ($wrong as $value) {
            $field = is_array($value) ? 'body.A' : 'strength';
            same(N::E_INVALID_ARGUMENT, raises(Aigc\CallError::class, fn () => $submit($field, $value, 'wrong'))->status);
        }
        $cloud->close(0);
        exec('rm -r ' . escapeshellarg($folder));
    },
    'what has no meaning is refused' => function (Client $client): void {
        $job = $client->tencent()->aigcImage(prompt: 'a cat');
        try {
            clone $job;
            throw new AssertionError('a job was cloned');
        } catch (\Error $error) {
            same(true, str_contains($error->getMessage(), '__clone'), $error->getMessage());
        }
        same(N::E_WRONG_STATE, raises(Aigc\CallError::class, fn () => serialize($job))->status);
        $other = new Client(config());
        $other->close();
        same(N::E_CLOSED, raises(Aigc\CallError::class, fn () => $other->stats())->status);
        $token = accepted($job)->token();
        unset($job);
        gc_collect_cycles();
        same(N::STATE_SUCCEEDED, $client->attach($token)->wait(60)->state());
    },
];

foreach ($tests as $name => $test) {
    tool('calm');
    tool('forget');
    $client = new Client(config());
    try {
        $test($client);
        echo "ok - $name\n";
    } catch (Throwable $error) {
        $failed = true;
        echo "not ok - $name: {$error->getMessage()} (line {$error->getLine()})\n";
    }
    $client->close(0);
    tool('calm');
}
exit($failed ? 1 : 0);
