<?php

// See program.c.

declare(strict_types=1);

require __DIR__ . '/../../../bindings/php/aigc.php';

$config = [];
foreach (array_filter(explode("\n", getenv('AIGC_TEST_CONFIG'))) as $line) {
    [$key, $config[$key]] = explode('=', $line, 2);
}
$client = new Aigc\Client($config);
$words = array_slice($argv, 2);
if ($argv[1] === 'submit') {
    [$provider, $prompt] = $words;
    $job = $provider === 'alibaba'
        ? $client->alibaba()->preModelInference(prompt: $prompt, imageUrls: ['https://example.com/a.png'])
        : $client->tencent()->aigcImage(prompt: $prompt);
    while ($job->token() === null && !$job->ended()) {
        usleep(20000);
    }
    echo "{$job->token()} {$job->remoteId()}\n";
} elseif ($argv[1] === 'fetch') {
    $jobs = array_map(fn (string $token): Aigc\Job => $client->attach($token), array_slice($words, 1));
    foreach ($jobs as $number => $job) {
        $job->wait(60)->download(0, "$words[0]/$number.*")->wait(60);
    }
} elseif ($argv[1] === 'strings') {
    $job = $client->attach($words[0], false);
    for ($i = 0; $i < 3; $i++) {
        $job->refresh(60);
        echo implode("\t", [$job->providerState(), $job->requestId(), json_encode($job->providerResponse())]), "\n";
    }
} else {
    $count = (int) $words[0];
    $best = INF;
    for ($round = 0; $round < 5; $round++) {
        $start = hrtime(true);
        for ($i = 0; $i < $count; $i++) {
            $client->nextEvent(0);
        }
        $best = min($best, (hrtime(true) - $start) / $count);
    }
    echo round($best, 1), "\n";
}
