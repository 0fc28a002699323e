/** Colours and type of all pages: readable in light and dark, without anything from elsewhere. */
const STYLE = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 44rem; margin: 12vh auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; margin-bottom: .25rem; }
p { margin-top: 0; opacity: .75; }
table { border-collapse: collapse; width: 100%; margin-top: 2rem; }
th, td { text-align: left; padding: .5rem 1rem .5rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
th { font-weight: 600; font-size: .85rem; opacity: .75; }
td { overflow-wrap: anywhere; }
@media (max-width: 30rem) { body { margin: 6vh auto; } }`;

function page(title: string, body: string): string {
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>
${STYLE}
</style>
</head>
<body>
${body}
</body>
</html>
`;
}

const message = (title: string, text: string) => page(title, `<h1>${escape(title)}</h1>\n<p>${escape(text)}</p>`);

export const UNAVAILABLE = message(
    "This site is not available",
    "It does not answer at the moment. Please try again in a minute.",
);
export const MAINTENANCE = message("Down for maintenance", "We will be back soon. Please try again in a few minutes.");

/** A service on the page of what is deployed. */
export interface DeployedService {
    service: string;
    image: string;
    /** Its containers' names: the host says since when they are there. */
    containers: string[];
}

/** What stands where the host fills in since when a container is there. */
export const sinceMark = (container: string) => `@since(${container})`;

/** What nginx shows where no site is configured: what is deployed here. */
export function deployedPage(stack: string, services: DeployedService[]): string {
    const rows = services.map(({ service, image, containers }) => {
        const since = containers.map((container) => `<div>${sinceMark(container)}</div>`).join("");
        return `<tr><td>${escape(service)}</td><td>${escape(image)}</td><td>${since}</td></tr>`;
    });
    const none = "<p>No service besides nginx.</p>";
    const list = `<table>
<thead><tr><th>Service</th><th>Image</th><th>Since</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>`;
    return page(
        stack,
        `<h1>${escape(stack)}</h1>
<p>nginx works. No site is configured yet: <code>berth:sites</code> says what is shown here.</p>
${services.length === 0 ? none : list}`,
    );
}

function escape(text: string): string {
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
