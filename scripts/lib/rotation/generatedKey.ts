import { type StackExport, revealed } from "../state";

/**
 * The private half of a key that the stack has made itself: one from the config would come back with the next update.
 *
 * @param state with its secrets shown
 * @param publicKey `ssh-ed25519 AAAA…`
 * @returns without its last line's end; undefined where the key comes from elsewhere
 */
export function generatedKey(state: StackExport, publicKey: string): string | undefined {
    const resources = state.deployment?.resources ?? [];
    const key = resources.find(
        ({ type, outputs }) => type === "berth:index:SshKey" && outputs?.publicKey === publicKey,
    );
    if (!key || publicKey === "") return undefined;
    const command = resources.find(({ type, parent }) => type === "command:local:Command" && parent === key.urn);
    const privateKey = revealed(command?.outputs?.stdout);
    return typeof privateKey === "string" ? privateKey.trimEnd() : undefined;
}
