'use strict';

// See program.c.

const { Client } = require('../../../bindings/node');

const lines = process.env.AIGC_TEST_CONFIG.split('\n').filter(Boolean);
const client = new Client(Object.fromEntries(lines.map((line) => /^(.*?)=(.*)$/.exec(line).slice(1))));
const [command, ...words] = process.argv.slice(2);

async function main() {
  if (command === 'submit') {
    const [provider, prompt] = words;
    const job = provider === 'alibaba'
      ? client.alibaba.preModelInference({ prompt, imageUrls: ['https://example.com/a.png'] })
      : client.tencent.aigcImage({ prompt });
    await job.accepted();
    console.log(job.token, job.remoteId);
  } else if (command === 'fetch') {
    const [folder, ...tokens] = words;
    await Promise.all(tokens.map(async (token, number) => {
      const job = await client.attach(token).wait({ timeoutMs: 60000 });
      await job.download(0, `${folder}/${number}.*`).wait({ timeoutMs: 60000 });
    }));
  } else if (command === 'strings') {
    const job = client.attach(words[0], { follow: false });
    for (let i = 0; i < 3; i++) {
      await job.refresh();
      console.log([job.providerState, job.requestId, JSON.stringify(job.providerResponse)].join('\t'));
    }
  } else {
    const count = Number(words[0]);
    let best = Infinity;
    for (let round = 0; round < 5; round++) {
      const start = process.hrtime.bigint();
      for (let i = 0; i < count; i++) client.dispatch();
      best = Math.min(best, Number(process.hrtime.bigint() - start) / count);
    }
    console.log(best.toFixed(1));
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
