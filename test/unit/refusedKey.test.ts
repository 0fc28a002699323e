import { isRefused } from "../../scripts/lib/refusedKey";

it.each([
    ["root@192.0.2.1: Permission denied (publickey).", true],
    ['Load key "/k": invalid format\nroot@192.0.2.1: Permission denied (publickey).', false],
    ["ssh: connect to host 192.0.2.1 port 22: Connection timed out", false],
    ["Host key verification failed.", false],
    ["Connection closed by 192.0.2.1 port 22", false],
])("of %j the key is refused: %s", (output, refused) => expect(isRefused(output)).toBe(refused));
