#!/usr/bin/env bash
# Gives sshd another ed25519 host key. Runs on the host as root:
#
#   bash --norc -c SCRIPT host-key
#
# stdin: the private key, then, when somebody has logged in by the new key, the line "keep". stdout: "installed", when sshd
# has it. Without "keep" within WAIT_SECONDS, or where the connection breaks off or this is killed, the old key is restored.
set -euo pipefail
export LC_ALL=C
umask 077

readonly key=/etc/ssh/ssh_host_ed25519_key
# Says, from before the first exchange until it is kept or put back, that "before" is to be restored, and in which boot.
readonly mark=$key.exchanged
readonly boot=/proc/sys/kernel/random/boot_id
readonly lock=/run/lock/berth-host-key.lock
readonly WAIT_SECONDS=120

# Each step may be repeated: it may itself be cut off.
put_back() {
    trap '' PIPE HUP
    if [ -e "$mark" ]; then
        if [ -e "$key.pub.before" ]; then mv -- "$key.pub.before" "$key.pub"; fi
        if [ -e "$key.before" ]; then mv -- "$key.before" "$key"; fi
        systemctl try-reload-or-restart ssh
        sync -f "$key"
        rm -f -- "$mark"
    fi
    rm -f -- "$key.new" "$key.pub.new" "$key.before" "$key.pub.before" "$mark.new"
}

# What a run has left that was cut off with its watcher. After a reboot sshd has the key that lies there, and whoever
# reaches us has accepted it.
recover() {
    if [ -e "$mark" ] && [ "$(cat -- "$mark")" != "$(cat -- "$boot")" ]; then
        rm -f -- "$mark"
        ssh-keygen -y -f "$key" >"$key.pub.new"
        chmod 644 "$key.pub.new"
        mv -- "$key.pub.new" "$key.pub"
    fi
    put_back
}

# A process of its own that puts the old key back when this one is gone without a word.
watch() {
    setsid --fork flock "$lock" bash --norc -c "$(declare -f put_back); key=$key mark=$mark; put_back" \
        </dev/null >/dev/null 2>&1 9<&-
}

mkdir -p "${lock%/*}"
exec 9<>"$lock"
flock -w "$((WAIT_SECONDS + 30))" 9 || {
    echo "berth: another run exchanges the host key: try again when it has ended" >&2
    exit 1
}
recover
new=''
while IFS= read -r line; do
    new+=$line$'\n'
    if [ "$line" = '-----END OPENSSH PRIVATE KEY-----' ]; then break; fi
done
trap put_back EXIT
trap 'exit 1' HUP
printf '%s' "$new" >"$key.new"
ssh-keygen -y -f "$key.new" >"$key.pub.new"
chmod 644 "$key.pub.new"
/usr/sbin/sshd -t -h "$key.new"
cp -p -- "$key" "$key.before"
cp -p -- "$key.pub" "$key.pub.before"
cp -- "$boot" "$mark.new"
sync "$key.new" "$key.pub.new" "$key.before" "$key.pub.before" "$mark.new"
mv -- "$mark.new" "$mark"
watch
mv -- "$key.new" "$key"
mv -- "$key.pub.new" "$key.pub"
systemctl try-reload-or-restart ssh
echo installed
read -r -t "$WAIT_SECONDS" answer || answer=''
if [ "$answer" != keep ]; then
    echo "berth: nobody has logged in by the new key: the old one is back" >&2
    exit 1
fi
sync -f "$key"
rm -f -- "$mark"
put_back
