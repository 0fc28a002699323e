/** What EC2 and IAM both take. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html */
const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
/** AWS allows 50 on a resource; five are Berth's. */
const MOST = 45;

/** Tags that AWS would refuse, or that Berth writes itself. */
export function tagMistakes(tags: Record<string, string>): { path: PropertyKey[]; message: string }[] {
    const mistakes: { path: PropertyKey[]; message: string }[] = [];
    for (const [name, value] of Object.entries(tags)) {
        const mistake = (message: string) => mistakes.push({ path: [name], message });
        if (name === "" || name.length > 128) mistake("a tag's name has 1 to 128 characters");
        if (value.length > 256) mistake("a tag's value has at most 256 characters");
        if (/^aws:/i.test(name)) mistake("names that begin with aws: are AWS's own");
        if (name === "Name" || /^berth\./.test(name)) mistake("Berth writes this tag itself; choose another name");
        if (!ALLOWED.test(name) || !ALLOWED.test(value)) {
            mistake("a tag has letters, digits, spaces and _ . : / = + - @ only");
        }
    }
    if (Object.keys(tags).length > MOST) mistakes.push({ path: [], message: `there are more than ${MOST} tags` });
    return mistakes;
}
