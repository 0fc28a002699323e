import type { Scenario } from "./scenario";

const FOLDER = "/world/var/lib/docker/berth/berth-dev/proxy";
/** nginx's workers are lines of a file, with the release that they serve; a reload exchanges them. */
const nginx = `
at() { echo "${FOLDER}/\${1#/etc/nginx/berth/}"; }
case "$*" in
"exec nginx nginx -v") echo "nginx version: nginx/1.30.0" >&2 ;;
"exec nginx cat /etc/nginx/nginx.conf") echo 'include /etc/nginx/berth/current/*.conf;' ;;
"exec nginx nginx -t"*) [ -s "$(dirname "$(at "$7")")/http.conf" ] || { echo "empty" >&2; exit 1; } ;;
"exec nginx nginx -s reload")
    n=$(($(cat /engine/reloads) + 1)); echo $n >/engine/reloads
    echo "$((100 + n)) nginx: worker process" >/engine/workers
    cat ${FOLDER}/current/http.conf >/engine/served ;;
"top nginx"*) echo "PID COMMAND"; cat /engine/workers ;;
"container inspect"*) echo 2026-11-25T10:20:30.5Z ;;
logs*) echo "the log" ;;
*) exit 9 ;;
esac`;
const switchSetUp = `
mkdir -p ${FOLDER}/release-20260101T000000Z-1 /world/root /world/www /engine
echo "# old" >${FOLDER}/release-20260101T000000Z-1/http.conf
ln -s release-20260101T000000Z-1 ${FOLDER}/current
for i in 1 2 3 4 5 6; do echo "page $i" >/world/www/$i; done
echo "10 nginx: worker process" >/engine/workers
echo 0 >/engine/reloads
echo "# old" >/engine/served`;

export const switchSites: Scenario[] = [
    {
        does: "serves other sites",
        form: "argument",
        args: ["switch", FOLDER],
        input: `static /world/www 0123\ncontainer nginx\ndrain 1\n==> main.conf\nworker_shutdown_timeout 1s;\n==> http.conf\n# new @release\n==> pages/deployed.html\n@since(app)\n`,
        setUp: switchSetUp,
        fakes: { docker: nginx },
        same: [
            [/release-\d{8}T\d{6}Z-\d+/, "release-R"],
            [/draft\.\w{6}/, "draft.D"],
        ],
        ignored: [/proxy\/lock$/, /\/engine\/(workers|reloads)$/],
        constants: ["RELOAD_SECONDS=1"],
        /** What nginx has loaded and what it would load when it starts are whole. */
        intact: `
grep -qE '^# (old|new /etc/nginx/berth/release-[0-9TZ]+-[0-9]+)$' /engine/served || { echo "served: $(cat /engine/served)"; exit 1; }
[ -s ${FOLDER}/current/http.conf ] || { echo "current leads nowhere"; exit 1; }
grep -q . /world/www/6`,
    },
    {
        does: "goes with its sites",
        form: "argument",
        args: ["remove", FOLDER],
        setUp: switchSetUp,
        fakes: { docker: nginx },
        intact: "grep -q . /world/www/6",
    },
];

const ACME = "/world/proxy/acme";
/** lego: a certificate has the number of its key. A new order makes both anew, as for another name. */
const lego = `
folder=${ACME}/lego/certificates
case "$*" in
version*) exit 0 ;;
*"run --rm"*) ;;
*) exit 9 ;;
esac
case "$*" in
*"domains a.test"*) name=a.test ;;
*) name=b.test ;;
esac
mkdir -p $folder || exit 1
case "$*" in
*" run") echo "key of $name 2" >$folder/$name.key && echo "certificate of $name 2" >$folder/$name.crt || exit 1 ;;
esac`;

export const renewCertificates: Scenario[] = [
    {
        does: "gets another certificate, and one more",
        form: "argument",
        args: ["install", "berth-dev", "/proxy"],
        input: "image lego\nserver https://ca.test\nemail me@a.test\ncertificate n1 a.test www.a.test\ncertificate n2 b.test\n==> ca.pem\nca\n",
        setUp: `
mkdir -p ${ACME}/lego/certificates ${ACME}/challenges /world/root /world/etc/systemd/system /engine
chmod 700 ${ACME}/lego
for place in ${ACME}/n1 ${ACME}/lego/certificates/a.test; do echo "key of a.test 1" >$place.key; echo "certificate of a.test 1" >$place.crt; done
chmod 444 ${ACME}/n1.*
echo "https://ca.test a.test" >${ACME}/lego/n1.names
printf 'image old\\nserver s\\nemail e\\ncertificate n1 a.test\\n' >${ACME}/settings`,
        fakes: { docker: lego, systemctl: 'case "$*" in *" enable "*) touch "/engine/enabled-$4" ;; esac' },
        env: { BERTH_ROOT: "/world" },
        ignored: [/acme\/lock$/],
        same: [[/pair-\w{6}/, "pair-P"]],
        /** What nginx reads is a pair, before and after; what the host does daily has whole settings. */
        intact: `
for name in n1 n2; do
    [ -e ${ACME}/$name.crt ] || [ $name = n2 ] || { echo "$name is gone"; exit 1; }
    if [ -e ${ACME}/$name.crt ] && [ "$(grep -o '[0-9]$' ${ACME}/$name.key)" != "$(grep -o '[0-9]$' ${ACME}/$name.crt)" ]; then
        echo "key and certificate of $name do not belong together"; exit 1
    fi
done
grep -q '^email' ${ACME}/settings && grep -q '^certificate' ${ACME}/settings || { echo "settings: $(cat ${ACME}/settings)"; exit 1; }`,
    },
    {
        does: "goes with what it has written",
        form: "argument",
        args: ["remove", "berth-dev", "/proxy"],
        setUp: `
mkdir -p ${ACME}/lego /world/root /world/etc/systemd/system
touch ${ACME}/n1.crt /world/etc/systemd/system/berth-certificates-berth-dev.timer /world/etc/systemd/system/berth-certificates-berth-dev.service`,
        fakes: { systemctl: "" },
        env: { BERTH_ROOT: "/world" },
    },
];
