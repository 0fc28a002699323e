import type { Scenario } from "./scenario";

const KEYS = "/world/root/.ssh/authorized_keys";
const shared = {
    form: "stdin" as const,
    setUp: `
mkdir -p /world/root/.ssh
printf '%s\\n' 'ssh-ed25519 AAAAold berth berth/dev' 'ssh-ed25519 AAAAtheirs me@home' 'ssh-ed25519 AAAAother berth berth/other' >${KEYS}
chmod 600 ${KEYS}`,
    /** Whatever comes: nobody else is locked out, and one of the stack's keys lets it in. */
    intact: `
for key in AAAAtheirs AAAAother 'AAAA\\(old\\|new\\)'; do grep -q "^ssh-ed25519 $key" ${KEYS} || { echo "$key is locked out"; exit 1; }; done
! grep -qvE '^ssh-ed25519 AAAA(old|new|theirs|other) ' ${KEYS}`,
};

export const authorizedKey: Scenario[] = [
    {
        ...shared,
        does: "lets another key in",
        args: ["berth/dev", "add", "ssh-ed25519 AAAAnew", "ssh-ed25519 AAAAold"],
    },
    { ...shared, does: "takes the old key out", args: ["berth/dev", "only", "ssh-ed25519 AAAAnew"] },
];
