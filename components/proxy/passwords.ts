import { createHash } from "node:crypto";

/**
 * A file for nginx's `auth_basic_user_file`: a line `USER:{SSHA}HASH` each. The salt is made of the line's own content,
 * so that the same passwords are the same file.
 *
 * @param passwords by user
 */
export function passwordFile(passwords: Record<string, string>): string {
    return Object.entries(passwords)
        .map(([user, password]) => {
            const salt = createHash("sha256").update(`${user}:${password}`).digest().subarray(0, 16);
            const hash = createHash("sha1").update(password).update(salt).digest();
            return `${user}:{SSHA}${Buffer.concat([hash, salt]).toString("base64")}\n`;
        })
        .join("");
}
