import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;

/** One connection to Redis, opened when it is needed, and again after it broke. */
final class Redis {
    private static final int TIMEOUT_MILLIS = 2000;

    private final ReentrantLock lock = new ReentrantLock();
    private final String host;
    private final int port;
    private Socket socket;
    private BufferedInputStream answers;

    Redis(String host, int port) {
        this.host = host;
        this.port = port;
    }

    /** Says that Redis does not answer, and why. */
    static final class Unreachable extends RuntimeException {
        Unreachable(IOException cause) {
            super(cause.toString(), cause);
        }
    }

    /** Sends a command and gives its answer, a number or a line of text. */
    String ask(String... words) {
        lock.lock();
        try {
            connect();
            socket.getOutputStream().write(command(words));
            return answer();
        } catch (IOException broken) {
            disconnect();
            throw new Unreachable(broken);
        } finally {
            lock.unlock();
        }
    }

    private void connect() throws IOException {
        if (socket != null) return;
        socket = new Socket();
        socket.connect(new InetSocketAddress(host, port), TIMEOUT_MILLIS);
        socket.setSoTimeout(TIMEOUT_MILLIS);
        socket.setTcpNoDelay(true);
        answers = new BufferedInputStream(socket.getInputStream());
    }

    private void disconnect() {
        try {
            if (socket != null) socket.close();
        } catch (IOException closedAlready) {
            // It is of no use any more.
        }
        socket = null;
    }

    /** A command as Redis reads it: how many words, and each with its length in bytes. */
    private static byte[] command(String... words) {
        var text = new StringBuilder("*" + words.length + "\r\n");
        for (var word : words) {
            text.append("$").append(word.getBytes(StandardCharsets.UTF_8).length).append("\r\n").append(word).append("\r\n");
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private String answer() throws IOException {
        var line = new ByteArrayOutputStream();
        for (int sign = answers.read(); sign != '\n'; sign = answers.read()) {
            if (sign < 0) throw new IOException("Redis has closed the connection");
            if (sign != '\r') line.write(sign);
        }
        var text = line.toString(StandardCharsets.UTF_8);
        if (text.startsWith("-")) throw new IOException("Redis says " + text.substring(1));
        return text.substring(1);
    }
}
