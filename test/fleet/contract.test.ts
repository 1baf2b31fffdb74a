import { writeFileSync } from 'node:fs';
import { defaultNodeSettings } from '../../src/nodes/node-settings.ts';
import { createLocalTransport } from '../../src/transport/local.ts';
import { createOpensshTransport } from '../../src/transport/openssh/openssh.ts';
import { createSsh2Transport } from '../../src/transport/ssh2/ssh2.ts';
import { createWorkFolder, fleet, requireFleet, runProgram } from './fleet.ts';
import { startLocalSshd } from './local-sshd.ts';
import { type ContractPowers, describeTransport } from './transport-contract.ts';

const target = (host: string, local: boolean) => ({
  name: host,
  host,
  user: null,
  port: null,
  local,
  settings: defaultNodeSettings,
});

const here = {
  isAlive: async (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  },
  kill: async (pid: number) => void process.kill(pid, 'SIGKILL'),
};

describeTransport('local', { endsSilentCommands: true, signals: 'named' }, async () => {
  const transport = createLocalTransport(process.env);
  return { transport, target: target('localhost', true), ...here, tearDown: async () => transport.dispose() };
});

describeTransport(
  'ssh2 to the sshd of an ordinary user',
  { endsSilentCommands: false, signals: 'named' },
  async () => {
    const sshd = await startLocalSshd();
    const transport = createSsh2Transport({ sshConfigFile: sshd.sshConfigFile, environment: process.env });
    const tearDown = async () => {
      transport.dispose();
      await sshd.stop();
    };
    return { transport, target: target('here', false), ...here, tearDown };
  },
);

const opensshPowers: ContractPowers = { endsSilentCommands: false, signals: 'unnamed' };
const sharedPowers: ContractPowers = { endsSilentCommands: false, signals: 'untold' };

describeTransport('openssh to the sshd of an ordinary user', opensshPowers, async () => {
  const sshd = await startLocalSshd();
  const work = createWorkFolder();
  const transport = createOpensshTransport({
    sshConfigFile: sshd.sshConfigFile,
    environment: process.env,
    folder: work.path,
  });
  const tearDown = async () => {
    transport.dispose();
    await sshd.stop();
    work.remove();
  };
  return { transport, target: target('here', false), ...here, tearDown };
});

const onNode = (node: number) => {
  const { exec } = requireFleet();
  return {
    isAlive: async (pid: number) =>
      (await exec(node, `kill -0 ${pid} 2>/dev/null && echo yes || echo no`)).trim() === 'yes',
    kill: async (pid: number) => void (await exec(node, `kill -9 ${pid}`)),
  };
};

if (fleet !== null) {
  describeTransport('ssh2 to a node', { endsSilentCommands: true, signals: 'named' }, async () => {
    const { sshConfigFile } = requireFleet();
    const transport = createSsh2Transport({ sshConfigFile, environment: process.env });
    return {
      transport,
      target: target('n1', false),
      ...onNode(1),
      tearDown: async () => transport.dispose(),
    };
  });

  describeTransport('openssh to a node', opensshPowers, async () => {
    const { sshConfigFile } = requireFleet();
    const work = createWorkFolder();
    const transport = createOpensshTransport({
      sshConfigFile,
      environment: process.env,
      folder: work.path,
    });
    return { transport, target: target('n1', false), ...onNode(1), tearDown: async () => work.remove() };
  });

  describeTransport('openssh through a master connection', sharedPowers, async () => {
    const { sshConfigFile } = requireFleet();
    const work = createWorkFolder();
    const socket = `${work.path}/master`;
    const config = `${work.path}/config`;
    writeFileSync(config, `ControlPath ${socket}\nInclude ${sshConfigFile}\n`);
    await runProgram('ssh', ['-F', config, '-M', '-N', '-f', 'n1']);
    const transport = createOpensshTransport({
      sshConfigFile: config,
      environment: process.env,
      folder: work.path,
    });
    const tearDown = async () => {
      await runProgram('ssh', ['-F', config, '-O', 'exit', 'n1']);
      work.remove();
    };
    return { transport, target: target('n1', false), ...onNode(1), tearDown };
  });
}
