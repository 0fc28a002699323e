import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A small web application: a page that counts its visits in Redis. */
public final class App {
    private static final int PORT = 8080;
    private static final int LONGEST_SECONDS = 60;

    private final String version = System.getenv().getOrDefault("APP_VERSION", "unknown");
    private final Redis redis = new Redis(System.getenv().getOrDefault("REDIS_HOST", "db"), 6379);
    private final AtomicInteger answering = new AtomicInteger();

    public static void main(String[] args) throws IOException {
        new App().start();
    }

    private void start() throws IOException {
        var server = HttpServer.create(new InetSocketAddress(PORT), 1024);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", counted(this::page));
        server.createContext("/version", counted(exchange -> answer(exchange, 200, "text/plain", version + "\n")));
        server.createContext("/healthz", counted(this::health));
        server.createContext("/slow", counted(this::slow));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server)));
        server.start();
        log("version " + version + " listens on " + PORT);
    }

    /** What is being answered is answered; then the process ends. */
    private void stop(HttpServer server) {
        log("asked to stop, " + answering + " requests in flight");
        var deadline = System.nanoTime() + Duration.ofSeconds(LONGEST_SECONDS).toNanos();
        while (answering.get() > 0 && System.nanoTime() < deadline) pause(Duration.ofMillis(20));
        server.stop(0);
        log("stopped");
    }

    private void page(HttpExchange exchange) throws IOException {
        if (!exchange.getRequestURI().getPath().equals("/")) {
            answer(exchange, 404, "text/plain", "not found\n");
            return;
        }
        var visits = redis.ask("INCR", "visits");
        answer(exchange, 200, "text/html", """
                <!doctype html>
                <html lang="en">
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width">
                <title>A Java app behind nginx</title>
                <h1>Visit %s</h1>
                <p>Version %s, Java %s.</p>
                """.formatted(visits, escape(version), escape(System.getProperty("java.version"))));
    }

    private void health(HttpExchange exchange) throws IOException {
        redis.ask("PING");
        answer(exchange, 200, "text/plain", "ok\n");
    }

    private void slow(HttpExchange exchange) throws IOException {
        var query = exchange.getRequestURI().getQuery();
        var seconds = query != null && query.matches("seconds=\\d{1,2}") ? Integer.parseInt(query.substring(8)) : 1;
        pause(Duration.ofSeconds(Math.min(seconds, LONGEST_SECONDS)));
        answer(exchange, 200, "text/plain", version + " after " + seconds + " s\n");
    }

    /** Without the database, a page fails, and the next one tries again. */
    private HttpHandler counted(HttpHandler handler) {
        return exchange -> {
            answering.incrementAndGet();
            try {
                handler.handle(exchange);
            } catch (Redis.Unreachable unreachable) {
                log(exchange.getRequestURI().getPath() + ": " + unreachable.getMessage());
                answer(exchange, 503, "text/plain", "the database does not answer\n");
            } finally {
                exchange.close();
                answering.decrementAndGet();
            }
        };
    }

    private static void answer(HttpExchange exchange, int status, String type, String text) throws IOException {
        exchange.getRequestBody().readAllBytes(); // else the connection is closed after the answer
        var body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
        var isHead = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, isHead ? -1 : body.length);
        if (!isHead) exchange.getResponseBody().write(body);
    }

    private static String escape(String text) {
        var signs = Map.of('&', "&amp;", '<', "&lt;", '>', "&gt;");
        var escaped = new StringBuilder();
        for (var sign : text.toCharArray()) escaped.append(signs.getOrDefault(sign, String.valueOf(sign)));
        return escaped.toString();
    }

    private static void pause(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void log(String line) {
        System.out.println(line);
    }
}
