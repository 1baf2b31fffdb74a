/**
 * What names do not tell: which options and words of which program are secrets.
 *
 * Items: `-p` (the next word is one), `-p~+` (what is attached: `-pSECRET`), `-p~*` (either), `-u~*:` (what follows
 * the first `:` of it), `--secret~!` (its value is none), `-env~$` (a name follows, then its value). Of words: `each` (all that follow), `#3` (the third),
 * `pairs` (values of all NAME=VALUE), `names` (a secret's name, the next word is the secret), `login` (USER/SECRET@…).
 * `docker/login` holds once `login` stood among docker's words; a `*` stands for any ending.
 */
const TABLE: readonly (readonly [programs: string, items: string])[] = [
  ['curl curl.exe', '-u~*: -U~*: --user~: --proxy-user~: -E~*: --cert~: -b~*='],
  ['http https xh xhs', '-a~* --auth'],
  ['ab siege', '-A~*: -P~*:'],
  ['lftp open', '-u~*, --user~,'],
  ['ncftp ncftpget ncftpput', '-p~*'],
  ['hurl', '-u~*: --user~:'],
  ['ttyd gotty', '-c~*: --credential~:'],
  ['frpc frps', '-t'],
  ['ss-local ss-server ss-redir ss-tunnel ssserver sslocal', '-k~*'],
  ['microsocks', '-P~*'],
  ['squidclient', '-w -W'],
  [
    'docker/login podman/login nerdctl/login buildah/login skopeo/login helm/login oras/login az/login oc/login cf/login ibmcloud/login singularity/login apptainer/login crane/login regctl/login uv/publish airflow/create',
    '-p~*',
  ],
  ['docker podman nerdctl buildah', '--secret~! --creds~: -u~! --user~!'],
  ['skopeo', '--creds~: --src-creds~: --dest-creds~:'],
  ['kubectl/secret oc/secret', '--from-literal~='],
  ['vault/login vault/unseal wandb/login ngrok/authtoken ngrok/add-authtoken cargo/login', 'each'],
  ['yolo/login rclone/obscure grafana-cli/reset-admin-password', 'each'],
  ['mkpasswd', 'each -m~!'],
  ['op/signin bw/unlock cloudflared/install nuget/setapikey', 'each'],
  ['bw/login net/user rabbitmqctl/add_user rabbitmqctl/change_password', '#2'],
  ['gcloud/activate-refresh-token b2/authorize-account b2/authorize pulumi/set', '#2'],
  ['poetry/config', '#3 names'],
  ['isql', '#3'],
  ['pulumi', '--secret~!'],
  ['consul/put', 'names'],
  ['bw', '--session'],
  ['vault/put vault/write vault/patch heroku/config:set', 'pairs'],
  ['mc/set', '#4'],
  ['mc/add', '#4'],
  ['mc/user', '#3'],
  ['llm/set', '#2 --value'],
  ['az/secret', '--value'],
  ['kaggle/set', '-v'],
  ['gitlab-runner/register', '-r'],
  ['openai', '-k'],
  ['glab/login', '-t'],
  ['aws/put-parameter', '--value'],
  ['gh/secret glab/variable', '-b~* --body -v~* --value'],
  ['doctl anaconda influx flyctl fly', '-t'],
  ['prefect/login dotnet/push', '-k --key'],
  ['poetry/publish', '-p'],
  ['wandb comet neptune', '--key'],
  ['redis-cli valkey-cli keydb-cli redis-benchmark valkey-benchmark', '-a'],
  ['redis-cli/setuser valkey-cli/setuser', 'each'],
  ['redis-cli/auth valkey-cli/auth keydb-cli/auth mysqladmin/password openssl/passwd', 'each'],
  ['mysql* mariadb* mysqladmin', '-p~+'],
  ['mycli mydumper myloader beeline cqlsh cypher-shell couchbase-cli cbq rabbitmqadmin', '-p~*'],
  ['mongo*', '-p~*'],
  ['etcdctl', '--user~:'],
  ['sqlcmd osql bcp freebcp tsql', '-P~*'],
  ['sqlplus rman sqlldr expdp impdp exp imp', 'login'],
  ['sshpass', '-p~*'],
  ['ldap*', '-w~*'],
  ['ldappasswd', '-w -s -a'],
  ['kadmin', '-w~*'],
  ['smbmap crackmapexec nxc netexec evil-winrm', '-p'],
  ['smbclient smbget winexe rpcclient smbcacls net mount.cifs nmblookup', '-U~*% --user~%'],
  ['net/use', 'each'],
  ['xfreerdp xfreerdp3 wlfreerdp', '/p:~+'],
  ['rdesktop', '-p'],
  ['mosquitto_pub mosquitto_sub mosquitto_rr', '-P'],
  ['ipmitool', '-P~*'],
  ['ipmi-* ipmipower ipmiconsole racadm redfishtool', '-p'],
  ['snmpwalk snmpget snmpset snmpbulkwalk snmpgetnext snmptable snmptrap', '-c~* -A -X'],
  ['openssl', '-passin~: -passout~: -pass~: -k -K -hmac -macopt~:'],
  ['7z* p7zip', '-p~+'],
  ['rar unrar', '-p~+ -hp~+'],
  ['zip unzip zipcloak', '-P~*'],
  ['pdfto* pdfinfo pdfimages', '-upw -opw'],
  ['mutool', '-p'],
  ['pdftk', 'names'],
  ['ccrypt ccencrypt ccdecrypt', '-K'],
  ['steghide veracrypt truecrypt aescrypt', '-p'],
  ['htpasswd', '#3'],
  ['smbpasswd', '#2'],
  ['ssh-keygen', '-N~* -P~*'],
  ['ossutil* obsutil', '-k~*'],
  ['coscmd', '-s'],
  ['swift', '-K'],
  ['BaiduPCS-Go baidupcs', '-bduss~* --bduss'],
  ['unar lsar', '-p'],
  ['useradd usermod', '-p'],
  ['wpa_passphrase', '#2'],
  ['nmcli rclone iwctl', 'names'],
  ['openconnect openfortivpn', '-p'],
  ['sendemail sendEmail', '-xp'],
  ['swaks', '-ap'],
  ['twine', '-p'],
  ['consul serf nomad', '-encrypt'],
  ['mpirun mpiexec mpiexec.hydra', '-env~$ -genv~$'],
];

/** Of every program, after its own: `--user NAME:PASSWORD`. */
const GENERAL = '--user~: --login~: --userpwd~:';

export interface OptionRule {
  option: string;
  /** The next word is its value. */
  isNext: boolean;
  /** Its value may be attached. */
  isAttached: boolean;
  isHarmless: boolean;
  /** The next word is a name, and its value follows that. */
  isName: boolean;
  /** The secret begins behind this sign; empty where all is secret. */
  split: string;
}

export interface Rules {
  options: readonly OptionRule[];
  /** Which words that are no options are secrets, from 1. */
  positions: readonly number[];
  words: ReadonlySet<string>;
}

function parseOption(item: string): OptionRule {
  const [option = '', how = ''] = item.split('~');
  return {
    option,
    isNext: !how.includes('+'),
    isAttached: /[+*]/.test(how),
    isHarmless: how.includes('!'),
    isName: how.includes('$'),
    split: /[:%,=]/.exec(how)?.[0] ?? '',
  };
}

function parseRules(items: readonly string[]): Rules {
  return {
    options: items.filter((item) => /^[-/]/.test(item)).map(parseOption),
    positions: items.filter((item) => item.startsWith('#')).map((item) => Number(item.slice(1))),
    words: new Set(items),
  };
}

export const generalRules: readonly OptionRule[] = parseRules(GENERAL.split(' ')).options;

const rules = new Map<string, Rules>();
/** Of rules for any ending. */
const beginnings: string[] = [];
for (const [programs, items] of TABLE) {
  const parsed = parseRules(items.split(' '));
  for (const program of programs.split(' ')) {
    rules.set(program, parsed);
    const [owner = ''] = program.split('/');
    if (!rules.has(owner)) rules.set(owner, parseRules([]));
    if (program.endsWith('*')) beginnings.push(program.slice(0, -1));
  }
}

/** Programs that start the one that counts. */
const WRAPPERS: ReadonlySet<string> = new Set(
  (
    'env sudo doas nohup time nice ionice chrt srun salloc sbatch mpirun mpiexec orterun prun aprun jsrun timeout ' +
    'docker podman nerdctl kubectl oc xargs find parallel exec command eval su runuser setsid stdbuf taskset numactl ' +
    'chroot unshare nsenter strace ltrace perf flock sshpass ssh tmux screen script watch singularity apptainer enroot ' +
    'bsub qsub qrsh systemd-run tini dumb-init hyperfine entr pdsh clush firejail bwrap gosu setpriv unbuffer ' +
    'proxychains proxychains4 torsocks autossh conda mamba micromamba poetry uv pipenv npx busybox'
  ).split(' '),
);

const SHELLS: ReadonlySet<string> = new Set('sh bash dash zsh ksh ash fish csh tcsh rbash'.split(' '));

/** What they are given with blanks is for a shell. */
const STARTS_SHELL: ReadonlySet<string> = new Set(
  'ssh autossh su runuser watch script parallel eval tmux screen pdsh clush hyperfine entr lftp'.split(' '),
);

const RUNS_SCRIPTS = /^(?:python[\d.]*|node|java|ruby|perl|php|Rscript|julia|torchrun|accelerate|deepspeed)$/;

/** The last part of a path, without a login shell's dash and Windows' ending. */
export const programName = (path: string): string =>
  path.slice(path.lastIndexOf('/') + 1).replace(/^-|\.exe$/g, '');

/** Of `docker`, or of `docker/login`. */
export function rulesOf(name: string): Rules | null {
  const found = rules.get(name);
  if (found || name.includes('/')) return found ?? null;
  const beginning = beginnings.find((text) => name.startsWith(text));
  return beginning === undefined ? null : (rules.get(`${beginning}*`) ?? null);
}

/** Whether it starts the program that is named behind its own options, as `sudo` does. */
export const isWrapper = (name: string): boolean => WRAPPERS.has(name);
/** Whether it takes a whole command line as one argument, as `sh -c` does. */
export const isShell = (name: string): boolean => SHELLS.has(name);
/** Whether what it is given with blanks in it goes to a shell. */
export const startsShell = (name: string): boolean => STARTS_SHELL.has(name);

/** Whether this is a program that starts another, has rules, or takes what follows for itself. */
export const isKnownProgram = (name: string): boolean =>
  WRAPPERS.has(name) || SHELLS.has(name) || RUNS_SCRIPTS.test(name) || rulesOf(name) !== null;

/** Where the value of `rule` begins in this word: its length where the next word is the value; -1 where it is another. */
export function valueStart({ option, isNext, isAttached, split }: OptionRule, word: string): number {
  if (word === option) return isNext ? word.length : -1;
  if (option.startsWith('--')) return word.startsWith(`${option}=`) ? option.length + 1 : -1;
  if (isAttached && word.startsWith(option)) return option.length;
  if (!isAttached || !isNext || option.length !== 2) return -1;
  if (/^-[A-Za-z]{2,6}$/.test(word) && word.endsWith(option.charAt(1))) return word.length;
  // `-kuann:SECRET`
  const at = split === '' ? -1 : word.slice(0, 7).indexOf(option.charAt(1), 2);
  return at > 0 && /^-[A-Za-z]+$/.test(word.slice(0, at)) && word.includes(split, at) ? at + 1 : -1;
}
