#!/usr/bin/env bash
# Gives sshd another ed25519 host key. Runs on the host as root:
#
#   bash --norc -c SCRIPT host-key
#
# stdin: the private key, then, when somebody has logged in by the new key, the line "keep". stdout: "installed", when sshd
# has it. Without "keep" within WAIT_SECONDS, or where the connection breaks off, the old key comes back.
set -euo pipefail
export LC_ALL=C
umask 077

readonly key=/etc/ssh/ssh_host_ed25519_key
readonly WAIT_SECONDS=120

put_back() {
    trap '' PIPE HUP
    if [ ! -e "$key.before" ]; then return; fi
    mv -- "$key.before" "$key"
    mv -- "$key.pub.before" "$key.pub"
    systemctl try-reload-or-restart ssh
}

new=''
while IFS= read -r line; do
    new+=$line$'\n'
    if [ "$line" = '-----END OPENSSH PRIVATE KEY-----' ]; then break; fi
done
printf '%s' "$new" >"$key.new"
ssh-keygen -y -f "$key.new" >"$key.pub.new"
chmod 644 "$key.pub.new"
/usr/sbin/sshd -t -h "$key.new"
cp -p -- "$key" "$key.before"
cp -p -- "$key.pub" "$key.pub.before"
trap put_back EXIT
trap 'exit 1' HUP
mv -- "$key.new" "$key"
mv -- "$key.pub.new" "$key.pub"
systemctl try-reload-or-restart ssh
echo installed
read -r -t "$WAIT_SECONDS" answer || answer=''
if [ "$answer" != keep ]; then
    echo "berth: nobody has logged in by the new key: the old one is back" >&2
    exit 1
fi
trap - EXIT
rm -f -- "$key.before" "$key.pub.before"
