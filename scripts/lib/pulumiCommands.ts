/** Options of every command whose value is the next word. */
const WITH_VALUE = new Set(
    "--color -C --cwd --memprofilerate --otel-traces --profiling --tracing -v --verbose --config-file".split(" "),
);

/** Commands that change a stack, its state or its file, whatever follows. */
const CHANGING = new Set("up update refresh destroy dn down import watch cancel new migrate".split(" "));

/** What follows these and changes nothing; anything else does, and a word that nobody here knows may. */
const READING: Record<string, Set<string>> = {
    stack: new Set("ls list output export graph history select unselect get drift".split(" ")),
    state: new Set(["get"]),
    config: new Set(["get"]),
};

/** The stack's name may stand after these: `stack rm NAME`. */
const NAMING = /^(cancel|stack (rm|remove|delete|init|new|select))$/;

/** A command of Pulumi as far as it matters who else works on the stack. */
export interface PulumiCommand {
    /** Its first word; empty where there is none. */
    word: string;
    /** Whether it changes a stack, its state or its file. */
    changes: boolean;
    /** Whether it takes the stack by `--stack`, and means the selected one where it is not there. */
    takesStack: boolean;
    /** Whether it lifts the locks of others. */
    cancels: boolean;
    /** Stacks that it names in another way than by `--stack`. */
    named: string[];
    /** Whether the one of `--stack` is meant too. */
    meansStack: boolean;
}

/**
 * Says what a command does to a stack.
 *
 * @param args the words after `pulumi`, without `--stack`
 */
export function readPulumiCommand(args: string[]): PulumiCommand {
    const [command = "", sub = "", name] = wordsOf(args);
    const two = `${command} ${sub}`;
    const named = NAMING.test(command) ? [sub] : NAMING.test(two) ? [name ?? ""] : [];
    const positional = named.filter((one) => one !== "");
    const others = ["--source", "--dest", "-d"].flatMap((option) => valueOf(args, option));
    return {
        word: command,
        changes: isChange(args, command, sub),
        takesStack: takesStack(args, command, sub),
        cancels: command === "cancel",
        named: [...positional, ...(/^(state move|config (cp|copy))$/.test(two) ? others : [])],
        meansStack: positional.length === 0,
    };
}

function isChange(args: string[], command: string, sub: string): boolean {
    const own = args.slice(0, args.includes("--") ? args.indexOf("--") : undefined);
    if (own.some((arg) => /^(-h|--help|--preview-only(=true)?)$/.test(arg))) return false;
    if (CHANGING.has(command)) return true;
    const reading = READING[command];
    if (reading === undefined || sub === "" || reading.has(sub)) return false;
    const [, , last = ""] = wordsOf(args);
    return !(/^(tag|env|schedule|webhook)$/.test(sub) && /^(ls|list|get)$/.test(last));
}

function takesStack(args: string[], command: string, sub: string): boolean {
    const commands =
        "up update preview pre refresh destroy dn down watch config logs cancel console stack state import";
    const without = "init new ls list select unselect rm remove delete rename tag change-secrets-provider";
    if (command === "stack") return !without.split(" ").includes(sub);
    if (command === "cancel" && sub !== "") return false;
    return commands.split(" ").includes(command) && !args.includes("--");
}

/** The words that are no options, nor their values. */
function wordsOf(args: string[]): string[] {
    return args.filter((arg, at) => !arg.startsWith("-") && !WITH_VALUE.has(args[at - 1] ?? ""));
}

function valueOf(args: string[], option: string): string[] {
    return args.flatMap((arg, at) => {
        if (arg === option) return args[at + 1] ?? [];
        return arg.startsWith(`${option}=`) ? arg.slice(option.length + 1) : [];
    });
}
