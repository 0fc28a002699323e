import type { Scenario } from "./scenario";

const setUp = `
mkdir -p /world/root /world/etc/systemd/system /world/run/systemd/system /world/var/lib/docker/berth/berth-dev
printf 'ID=debian\\nPRETTY_NAME="Debian 13"\\n' >/world/etc/os-release
echo 0123456789abcdef >/world/etc/machine-id`;
/** They only look: nothing of the host is ever another. */
const shared = { form: "stdin" as const, setUp, env: { BERTH_ROOT: "/world" } };

export const surveyHost: Scenario[] = [
    { ...shared, does: "tells a server that will do", args: [], says: /"machineId":"0123456789abcdef"/ },
];

export const surveyLeftovers: Scenario[] = [
    {
        ...shared,
        does: "lists what is left",
        args: ["berth", "dev"],
        fakes: {
            docker: `
case "$1 $2" in
"ps --all") echo "container berth-dev-web" ;;
"network ls" | "volume ls") ;;
"image ls") echo berth/release:berth-dev-app-1 ;;
"image inspect") echo berth-dev ;;
version*) ;;
*) exit 9 ;;
esac`,
        },
        says: /container berth-dev-web\n[\s\S]*file \/var\/lib\/docker\/berth\/berth-dev/,
    },
];

export const surveyVolumes: Scenario[] = [
    {
        ...shared,
        does: "lists what holds data",
        args: [],
        setUp: `${setUp}
for name in data empty; do mkdir -p /world/srv/docker/volumes/$name/_data; done
mkdir -p /world/etc/docker /world/srv/docker/berth/berth-dev/kept/uploads
echo '{ "data-root": "/srv/docker" }' >/world/etc/docker/daemon.json
echo content | tee /world/srv/docker/volumes/data/_data/file >/world/srv/docker/berth/berth-dev/kept/uploads/file`,
        fakes: { docker: 'case "$1" in info) echo /srv/docker ;; version) ;; *) exit 9 ;; esac' },
        says: /volume\tdata\t\d+\tfull\nvolume\tempty\t\d+\tempty\nfolder\t\/srv\/docker\/\S+\/uploads\t\d+\tfull\nend/,
    },
];

export const checkPorts: Scenario[] = [
    {
        ...shared,
        does: "lets free ports pass",
        args: ["berth.stack=dev", "--", "80"],
        fakes: {
            ss: `echo 'LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=7,fd=3))'`,
            docker: `
case "$*" in
*label*) echo ours ;;
ps*) echo ours; echo theirs ;;
inspect*) echo '0.0.0.0|8080|80/tcp|/shop' ;;
version*) ;;
*) exit 9 ;;
esac`,
        },
        withoutDocker: "what listens is known without it, and only who it is needs Docker",
    },
];
