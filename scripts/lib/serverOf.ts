import { homeFolder } from "../../components/environment";
import { sshOptions } from "../../components/host/sshOptions";
import type { NamedHost } from "./hosts";
import { UserError } from "./progress";
import type { StackFile } from "./stack";

/**
 * The server of a stack of kind `existing`, as its file says: it is there before the stack, and after.
 *
 * @throws UserError where the file does not say enough
 */
export function serverOf(file: StackFile): NamedHost {
    const get = (key: string) => file.get("berth:host", key);
    const [address, hostKey, key] = [get("address"), get("hostKey"), get("privateKeyFile")];
    if (typeof address !== "string" || typeof hostKey !== "string" || typeof key !== "string" || get("proxy")) {
        throw new UserError(
            "a server is looked at by its address, hostKey and privateKeyFile; behind a jump host only while the stack is up",
        );
    }
    const user = get("user");
    return {
        name: "host",
        user: typeof user === "string" ? user : "root",
        address,
        port: Number(get("port") ?? 22),
        options: sshOptions({ identityFile: key.replace(/^~(?=\/)/, homeFolder()), hostKey }),
    };
}
