'use strict';

// Against a sandbox: Tests/packaging/run.sh --only node sets AIGC_TEST_CONFIG, AIGC_TEST_CONTROL and AIGC_TEST_TOOL.

const assert = require('node:assert/strict');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test, beforeEach, afterEach } = require('node:test');
const { Worker } = require('node:worker_threads');
const aigc = require('.');

const { Client, constants: N, journal } = aigc;
const keys = Object.fromEntries(
  process.env.AIGC_TEST_CONFIG.split('\n').filter(Boolean).map((line) => /^(.*?)=(.*)$/.exec(line).slice(1)));
let client;
let folder;

function tool(...words) {
  const [program, ...first] = process.env.AIGC_TEST_TOOL.split('\n').filter(Boolean);
  return execFileSync(program, [...first, ...words], { encoding: 'utf8' }).trim();
}

// Another process that runs a function with the binding and the configuration; it ends by itself or is killed.
function program(body, ...rest) {
  const code = `(${body})(require(${JSON.stringify(__dirname)}), ${JSON.stringify(keys)}, ...process.argv.slice(1));`;
  return [process.execPath, ['-e', code, '--', ...rest]];
}

async function raised(type, work) {
  let found;
  await assert.rejects(async () => work(), (error) => {
    found = error;
    return true;
  });
  assert.ok(found instanceof type, `${found.name}: ${found.message}`);
  return found;
}

beforeEach(() => {
  tool('calm');
  tool('forget');
  client = new Client(keys);
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'aigc-node-'));
});

afterEach(async () => {
  await client.close(0);
  tool('calm');
  fs.rmSync(folder, { recursive: true });
});

// Under one key the same request is the same job, and any other is refused.
test('numbers are sent as they were written', async () => {
  const cloud = new Client({ ...keys, 'journal.path': path.join(folder, 'numbers') });
  const submit = (field, value, key) => cloud.submit('alibaba', 'pre_model_inference',
    { prompt: 'a <special-token> of numbers', [field]: value },
    { imageUrls: ['https://example.com/a.png'], options: { key, hold: true, check: 'off' } });
  const conflict = async (...words) => assert.equal((await raised(aigc.CallError, () => submit(...words))).status, N.E_KEY_CONFLICT);
  submit('strength', 0.8, 'a');
  submit('strength', 0.8000000000000000444, 'a');
  await conflict('strength', Math.fround(0.8), 'a');
  submit('seed', 7, 'b');
  submit('seed', 7n, 'b');
  submit('seed', 2n ** 63n - 1n, 'c');
  await conflict('seed', 2n ** 63n - 2n, 'c');
  submit('seed', Number.MAX_SAFE_INTEGER, 'd');
  await conflict('seed', BigInt(Number.MAX_SAFE_INTEGER) + 1n, 'd');
  submit('body.A', [0.1 + 0.2, 5e-324, Number.MAX_VALUE, -300, true], 'e');
  submit('body.A', [0.30000000000000004, 5e-324, Number.MAX_VALUE, -300, true], 'e');
  const lists = [[NaN], { a: [Infinity] }, { a: 1n }, new Float32Array([0.8]), { a: new Uint8Array(2) },
    new Map([['a', 1]]), { a: new Set([1]) }, [Promise.resolve(1)], { a: /x/ }];
  const wrong = [
    ...[NaN, Infinity, 2n ** 63n, 2 ** 63, 0.5].map((value) => ['seed', value]), ['strength', NaN],
    ...lists.map((value) => ['body.A', value]),
  ];
  for (const [field, value] of wrong) {
    assert.equal((await raised(aigc.CallError, () => submit(field, value, 'wrong'))).status, N.E_INVALID_ARGUMENT);
  }
  // Two objects would be one key, "[object Object]", and the second job the first one's.
  for (const key of [{ id: 1 }, Promise.resolve('a'), ['a'], Symbol('a'), () => 'a', NaN]) {
    assert.equal((await raised(aigc.CallError, () => submit('seed', 8, key))).status, N.E_INVALID_ARGUMENT);
  }
  await cloud.close(0);
});

test('both clouds, byte for byte', async () => {
  const cat = client.tencent.aigcImage({ prompt: '红猫 in Node', count: 2 });
  const other = client.alibaba.preModelInference({
    prompt: 'a <special-token> in Node', imageUrls: ['https://example.com/a.png'],
  });
  for (const job of [cat, other]) {
    await job.wait({ timeoutMs: 60000 });
    assert.deepEqual([job.state, job.outcome, job.error], [N.STATE_SUCCEEDED, N.OUTCOME_ACCEPTED, null]);
    for (const { index } of job.assets) {
      const file = await job.download(index, path.join(folder, `${job.id}-${index}.*`)).wait();
      tool('same', job.provider, job.remoteId, String(index), file.path);
      const memory = await job.download(index).wait();
      assert.ok(memory.takeBytes().equals(fs.readFileSync(file.path)));
      assert.equal(memory.bytes.received, fs.statSync(file.path).size);
    }
  }
  assert.equal(cat.assets.length, 2);
});

test('one error of each band', async () => {
  let error = await raised(aigc.CallError, () => client.submit('tencent', 'aigc_image', { prompts: 'x' }));
  assert.deepEqual([error.statusName, error.field], ['AIGC_E_INVALID_ARGUMENT', 'prompts']);
  for (const prompt of ['a\0b', 'a\ud800', 7, NaN]) {
    await raised(aigc.CallError, () => client.submit('tencent', 'aigc_image', { prompt }));
  }
  await raised(aigc.CallError, () => client.tencent.aigcImage({ prompt: 'x', promt: 'y' }));
  await raised(aigc.CallError, () => client.submit('tencent', 'aigc_image', { prompt: 'x', count: 2n ** 64n }));

  const slow = await client.tencent.aigcImage({ prompt: '[never] a cat' }).accepted();
  error = await raised(aigc.StoppedError, () => slow.wait({ timeoutMs: 200 }));
  assert.deepEqual([error.status, error.token], [N.E_TIMEOUT, slow.token]);
  slow.cancel();
  assert.equal((await raised(aigc.StoppedError, () => slow.wait())).status, N.E_CANCELLED);

  const away = new Client({ ...keys, 'tencent.endpoint': 'http://127.0.0.1:1' });
  const late = away.tencent.aigcImage({ prompt: 'x', deadlineMs: 700 });
  assert.equal((await raised(aigc.StoppedError, () => late.wait())).outcome, N.OUTCOME_NOT_SENT);
  const known = away.attachId('tencent', 'aigc_image', '4-AigcImage-1', { follow: false });
  assert.equal((await raised(aigc.NetworkError, () => known.refresh())).status, N.E_NETWORK);
  await away.close(0);

  const stranger = new Client({ ...keys, 'tencent.secret_key': 'wrong' });
  error = await raised(aigc.AccountError, () => stranger.tencent.aigcImage({ prompt: 'x' }).wait());
  assert.deepEqual([error.status, error.providerCode !== null], [N.E_AUTH, true]);
  await stranger.close(0);

  error = await raised(aigc.ProviderError, () => client.tencent.aigcImage({ prompt: '[fail] a cat' }).wait());
  assert.deepEqual([error.outcome, error.token !== null], [N.OUTCOME_ACCEPTED, true]);

  tool('fault', 'close_after', 'CreateAigcImageTask');
  error = await raised(aigc.OutcomeUnknownError, () => client.tencent.aigcImage({ prompt: 'a doubtful cat' }).wait());
  assert.deepEqual([error.outcome, error.retryable], [N.OUTCOME_UNKNOWN, false]);
  tool('calm');

  const impatient = new Client({ ...keys, 'retry.max_attempts': 2 });
  const job = await impatient.tencent.aigcImage({ prompt: 'a cat for files' }).wait();
  tool('fault', 'garbage_body', 'asset', 'times=-1');
  assert.equal((await raised(aigc.AssetError, () => job.download().wait())).status, N.E_NOT_AN_IMAGE);
  tool('calm');
  await raised(aigc.MachineError, () => job.download(0, '/nowhere/cat.*').wait());
  await impatient.close(0);

  const closed = new Client(keys);
  await closed.close();
  assert.equal((await raised(aigc.CallError, () => closed.stats())).status, N.E_CLOSED);
});

test('a thousand jobs in flight, told by an iterator, and the loop keeps turning', async () => {
  let turns = 0;
  const clock = setInterval(() => { turns += 1; }, 10);
  const ended = new Map();
  const events = client.events();
  const jobs = Array.from({ length: 1000 }, (_, i) => client.tencent.aigcImage({ prompt: `cat ${i} in Node` }));
  for await (const event of events) {
    if (event.type !== N.EVENT_JOB_DONE) continue;
    ended.set(event.jobId, (ended.get(event.jobId) ?? 0) + 1);
    if (ended.size === 1000) break;
  }
  await Promise.all(jobs.map((job) => job.wait()));
  clearInterval(clock);
  assert.deepEqual([...ended.keys()].sort(), jobs.map((job) => job.id).sort());
  assert.ok([...ended.values()].every((count) => count === 1));
  assert.equal(new Set(jobs.map((job) => job.remoteId)).size, 1000);
  assert.deepEqual([tool('created', 'tencent'), tool('duplicates')], ['1000', '0']);
  assert.ok(turns > 5, `${turns} turns of the loop`);
});

test('a signal ends the wait, and not the job', async () => {
  const job = client.tencent.aigcImage({ prompt: '[slow] a cat' });
  const stop = new AbortController();
  const { signal } = stop;
  const waits = [job.wait({ signal }), job.accepted({ signal: AbortSignal.abort('before') }), job.wait()];
  const told = Promise.allSettled(waits);
  stop.abort(new Error('enough'));
  const [{ reason: first }, { reason: second }, third] = await told;
  assert.deepEqual([first.cause.message, second.cause, third.value], ['enough', 'before', job]);
  for (const error of [first, second]) {
    assert.ok(error instanceof aigc.AbortError && error instanceof aigc.StoppedError);
    assert.deepEqual([error.name, error.code, error.status, error.token], ['AbortError', 'ABORT_ERR', N.E_TIMEOUT, null]);
    assert.match(error.message, /not the job; no provider has accepted it yet, but its submission may be on the wire/);
    assert.match(error.stack, /^AbortError: /);
  }
  const late = await raised(aigc.AbortError, () => job.wait({ signal: AbortSignal.abort() }));
  assert.deepEqual([late.name, late.token, late.outcome], ['AbortError', job.token, N.OUTCOME_ACCEPTED]);
  assert.ok(late.message.endsWith(`its token: ${job.token}`) && late.cause instanceof DOMException, late.message);
  const never = client.tencent.aigcImage({ prompt: '[never] a cat' });
  const timeout = await raised(aigc.AbortError, () => never.wait({ signal: AbortSignal.timeout(50) }));
  assert.deepEqual([timeout.name, timeout.cause.name], ['TimeoutError', 'TimeoutError']);
  const events = client.events({ signal: AbortSignal.timeout(50) });
  await assert.rejects(async () => { for await (const event of events) assert.ok(event); }, { name: 'TimeoutError' });
});

test('close ends what is awaited', async () => {
  const other = new Client(keys);
  const job = await other.tencent.aigcImage({ prompt: '[never] a cat' }).accepted();
  const told = Promise.allSettled([job.wait()]);
  const loop = (async () => { for await (const event of other.events()) assert.ok(event.type); return 'ended'; })();
  await Promise.all([other.close(), other.close()]);
  assert.equal((await told)[0].reason.status, N.E_CANCELLED);
  assert.equal(await loop, 'ended');
  assert.ok(job.token, 'a job can be read after its client');
});

test('a wait that close() ends has the token that the answer brings', async () => {
  tool('fault', 'delay_after', 'CreateAigcImageTask', 'ms=700', 'times=3');
  const other = new Client(keys);
  const jobs = [1, 2, 3].map((number) => other.tencent.aigcImage({ prompt: `[never] a late cat ${number}` }));
  const told = Promise.allSettled([jobs[0].wait(), jobs[1].accepted(), jobs[1].wait(), jobs[2].wait()]);
  while (jobs.some((job) => job.outcome < N.OUTCOME_UNKNOWN)) await new Promise((resolve) => setTimeout(resolve, 10));
  const closing = other.close(60000);
  while (!jobs[2].ended) await new Promise((resolve) => setTimeout(resolve, 10));
  const late = jobs[2].wait(); // begun meanwhile
  const [first, accepted, second, third] = await told;
  assert.equal(accepted.value, jobs[1]);
  for (const [{ reason }, job] of [[first, jobs[0]], [second, jobs[1]], [third, jobs[2]]]) {
    assert.deepEqual([reason.status, reason.outcome, reason.token], [N.E_CANCELLED, N.OUTCOME_ACCEPTED, job.token]);
    assert.match(reason.token, /^aigc1:/);
  }
  assert.equal((await raised(aigc.StoppedError, () => late)).token, jobs[2].token);
  await closing;
  tool('calm');
});

test('an answered call has an answer, and nothing is paid for what was refused', async () => {
  const call = await client.call('tencent', 'SandboxEchoThing').wait();
  assert.equal(call.outcomeText, `the provider has answered this call, which may be paid; request id ${call.requestId}`);
  const refused = client.call('tencent', 'DescribeAigcImageTask', { TaskId: 'none' });
  await raised(aigc.ProviderError, () => refused.wait());
  assert.equal(refused.outcomeText, 'provably not submitted, or refused: nothing is paid');
});

test('a token attaches in another process', async () => {
  const job = await client.tencent.aigcImage({ prompt: 'a cat for two' }).accepted();
  const said = spawnSync(...program(async (lib, config, token) => {
    const own = new lib.Client(config);
    console.log((await own.attach(token).wait()).remoteId);
    await own.close();
  }, job.token), { encoding: 'utf8', timeout: 240000 });
  assert.equal(said.stdout.trim(), (await job.wait()).remoteId, said.stderr);
});

test('worker threads have clients of their own, and end with jobs running', async () => {
  const code = `const { parentPort, workerData } = require('node:worker_threads');
    const { Client } = require(workerData.binding);
    const client = new Client(workerData.keys);
    (async () => {
      const done = await client.tencent.aigcImage({ prompt: 'a cat of worker ' + workerData.number }).wait();
      const running = await client.tencent.aigcImage({ prompt: '[slow] a cat that outlives ' + workerData.number }).accepted();
      running.wait();
      parentPort.postMessage([done.remoteId, running.token]);
    })();`;
  const found = await Promise.all(Array.from({ length: 4 }, (_, number) => new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true, workerData: { binding: __dirname, keys, number } });
    let said;
    worker.on('message', (message) => { said = message; worker.terminate(); });
    worker.on('error', reject);
    worker.on('exit', () => resolve(said));
  })));
  assert.equal(new Set(found.map(([id]) => id)).size, 4);
  for (const [, token] of found) assert.equal((await client.attach(token).wait()).state, N.STATE_SUCCEEDED);
  assert.equal(tool('created', 'tencent'), '8');
});

test('a process ends with jobs running, by itself and by process.exit()', async () => {
  for (const how of ['', 'exit']) {
    const said = spawnSync(...program(async (lib, config, end) => {
      const own = new lib.Client(config);
      const job = await own.tencent.aigcImage({ prompt: `[never] a cat and its end ${end}` }).accepted();
      process.stdout.write(job.token);
      own.tencent.aigcImage({ prompt: '[never] another' });
      if (end) process.exit(0);
    }, how), { encoding: 'utf8', timeout: 240000 });
    assert.deepEqual([said.status, said.signal, said.stderr], [0, null, '']);
    assert.equal(client.attach(said.stdout, { follow: false }).token, said.stdout);
  }
});

test('the collector frees handles and clients, never jobs', () => {
  const said = spawnSync(process.execPath, ['--expose-gc', '-e', `
    const { Client, constants } = require(${JSON.stringify(__dirname)});
    const keys = ${JSON.stringify(keys)};
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const gone = [];
    async function forget(prompt) {
      const client = new Client(keys);
      const job = await client.tencent.aigcImage({ prompt }).accepted();
      gone.push(new WeakRef(client));
      return job.token;
    }
    (async () => {
      const tokens = [];
      for (let i = 0; i < 5; i++) tokens.push(await forget('a forgotten cat ' + i));
      for (let i = 0; i < 20; i++) { await turn(); global.gc(); }
      const left = gone.filter((one) => one.deref()).length;
      const client = new Client(keys);
      for (const token of tokens) await client.attach(token).wait();
      await client.close();
      console.log(left <= 1 ? 'collected' : left + ' clients are left');
    })();`], { encoding: 'utf8', timeout: 240000 });
  assert.equal(said.stdout.trim(), 'collected', said.stderr);
  assert.equal(tool('created', 'tencent'), '5');
});

test('a kill with the journal pays once', async () => {
  const config = { ...keys, 'journal.path': path.join(folder, 'journal') };
  const [command, words] = program(async (lib, own, where) => {
    const killed = new lib.Client({ ...own, 'journal.path': where });
    const jobs = Array.from({ length: 20 }, (_, i) => killed.tencent.aigcImage({ prompt: `[slow] cat ${i}`, key: `k/${i}` }));
    await Promise.all(jobs.slice(0, 10).map((job) => job.accepted()));
    console.log('accepted');
  }, config['journal.path']);
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => { child.stdout.once('data', resolve); });
  const ended = new Promise((resolve) => { child.once('exit', resolve); });
  child.kill('SIGKILL');
  await ended;

  const heir = new Client(config);
  const jobs = Array.from({ length: 20 }, (_, i) => heir.tencent.aigcImage({ prompt: `[slow] cat ${i}`, key: `k/${i}` }));
  const results = await Promise.allSettled(jobs.map((job) => job.wait()));
  const doubtful = results.filter(({ reason }) => reason);
  assert.ok(doubtful.every(({ reason }) => reason instanceof aigc.OutcomeUnknownError));
  assert.ok(doubtful.length <= 10);
  assert.deepEqual(jobs.map((job) => job.key), jobs.map((_, i) => `k/${i}`));
  const made = Number(tool('created', 'tencent'));
  assert.ok(made >= 20 - doubtful.length && made <= 20, `${made} jobs and ${doubtful.length} in doubt`);
  assert.equal(tool('duplicates'), '0');
  await heir.close();
});

test('resume, attachKey, hold, and the journal for tools', async () => {
  const where = path.join(folder, 'journal');
  const config = { ...keys, 'journal.path': where };
  const first = new Client(config);
  await first.tencent.aigcImage({ prompt: '[slow] a cat', key: 'k/1' }).accepted();
  await first.close(0);

  const second = new Client(config);
  const events = second.events();
  assert.equal(await second.resume(), 1);
  for await (const { type, job } of events) {
    if (type !== N.EVENT_JOB_DONE) continue;
    assert.deepEqual([job.key, job.state], ['k/1', N.STATE_SUCCEEDED]);
    break;
  }
  assert.equal((await second.attachKey('k/1')).key, 'k/1');
  assert.equal((await raised(aigc.ProviderError, () => second.attachKey('none'))).status, N.E_NOT_FOUND);
  const error = await raised(aigc.CallError, () => second.tencent.aigcImage({ prompt: 'another', key: 'k/1' }));
  assert.equal(error.status, N.E_KEY_CONFLICT);

  const held = second.tencent.aigcImage({ prompt: 'a held cat', hold: true });
  for await (const { type, jobId } of second.events()) if (type === N.EVENT_JOB_READY && jobId === held.id) break;
  assert.equal(tool('created', 'tencent'), '1');
  held.release();
  await held.wait();
  assert.equal(tool('created', 'tencent'), '2');
  await second.close();

  tool('fault', 'close_after', 'CreateAigcImageTask');
  const third = new Client(config);
  await raised(aigc.OutcomeUnknownError, () => third.tencent.aigcImage({ prompt: 'a doubtful cat', key: 'd/1' }).wait());
  await third.close();
  const rows = [];
  for await (const row of journal.rows(where, { states: ['unknown'], limit: 1 })) rows.push(row.key);
  assert.deepEqual(rows, ['d/1']);
  await journal.resolve(where, 'd/1', N.OUTCOME_UNKNOWN);
  assert.equal((await journal.page(where, { prefix: 'd/' }))[0].state, 'abandoned');
  assert.equal((await journal.check(where)).ok, true);
  for (const wrong of [Infinity, NaN, -0.5, -1, 2 ** 63, undefined, '0']) {
    assert.equal((await raised(aigc.CallError, () => journal.prune(where, wrong))).field, 'olderThanMs');
  }
  assert.equal(await journal.prune(where, Number.MAX_SAFE_INTEGER), 0);
  assert.equal(await journal.prune(where, 0), 3);
  assert.equal((await raised(aigc.MachineError, () => journal.check(path.join(folder, 'none')))).status, N.E_JOURNAL);
});

test('close() tells of each job that nobody has the token of', async () => {
  const body = async (aigc, keys, how) => {
    const client = new aigc.Client(keys);
    const jobs = [1, 2, 3].map((number) => client.tencent.aigcImage({ prompt: `[never] dropped cat ${number}` }));
    if (how === 'all') Promise.all(jobs.map((job) => job.wait())).catch(() => {});
    const stop = AbortSignal.timeout(1500); // of all but one of these nobody sees the rejection
    if (how === 'aborted') await Promise.all(jobs.map((job) => job.wait({ signal: stop }))).catch(() => {});
    if (how === 'known') for (const job of jobs) if (!(await job.accepted()).token) throw new Error('no token');
    while (jobs.some((job) => job.outcome < 2)) await new Promise((resolve) => setTimeout(resolve, 10));
    await client.close(30000);
    process.exit(0);
  };
  for (const how of ['drop', 'all', 'aborted', 'known']) {
    tool('fault', 'delay_after', 'CreateAigcImageTask', 'ms=300', 'times=3');
    const [node, words] = program(body, how);
    const { stderr, status } = spawnSync(node, words, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const told = [...stderr.matchAll(/nobody had read the token of a job: accepted; fetch it with: aigc fetch aigc1:/g)];
    assert.equal(told.length, how === 'known' ? 0 : 3, `${how}: ${stderr}`);
  }
});

test('every member that index.d.ts declares is there', () => {
  const types = fs.readFileSync(path.join(__dirname, 'index.d.ts'), 'utf8');
  for (const [, name] of types.matchAll(/^export (?:class|const) (\w+)/gm)) assert.ok(name in aigc, name);
  for (const [, name, body] of types.matchAll(/^export class (\w+)[^{]*\{\n(.*?)^\}/gms)) {
    for (const [, member] of body.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)) {
      if (member === 'private' || member === 'constructor') continue;
      const known = member in aigc[name].prototype || new aigc.AigcError('x')[member] !== undefined;
      assert.ok(known, `${name}.${member}`);
    }
  }
  const operations = [...types.matchAll(/^ {2}(\w+)\(request: \w+\): Job;/gm)].map(([, name]) => name);
  assert.ok(operations.length > 5);
  for (const name of operations) assert.ok(name in client.alibaba || name in client.tencent, name);
});
