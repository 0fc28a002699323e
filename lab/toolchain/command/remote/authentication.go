package remote

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

const agentSocketVariable = "SSH_AUTH_SOCK"

// hostKeyError is final: a server that shows another key does not become the right one by asking again, and each
// further attempt would offer it our password.
type hostKeyError struct{ error }

func (e hostKeyError) Unwrap() error { return e.error }

// login is a client's half of the handshake. close ends the connection to the agent, which must outlive the handshake.
type login struct {
	config *ssh.ClientConfig
	close  func()
}

func (e Endpoint) login() (login, error) {
	result := login{config: &ssh.ClientConfig{User: e.user()}, close: func() {}}
	if err := e.trust(result.config); err != nil {
		return result, err
	}
	if e.PrivateKey != nil {
		signer, err := e.signer()
		if err != nil {
			return result, err
		}
		result.config.Auth = append(result.config.Auth, ssh.PublicKeys(signer))
	}
	if e.Password != nil {
		result.config.Auth = append(result.config.Auth, ssh.Password(*e.Password), answerAll(*e.Password))
	}
	conn, err := e.dialAgent()
	if err != nil {
		return result, err
	}
	if conn != nil {
		result.close = func() { conn.Close() }
		result.config.Auth = append(result.config.Auth, ssh.PublicKeysCallback(agent.NewClient(conn).Signers))
	}
	return result, nil
}

// trust pins the host key. Without one it accepts any, as 1.2.1 does.
func (e Endpoint) trust(config *ssh.ClientConfig) error {
	if e.HostKey == nil {
		config.HostKeyCallback = ssh.InsecureIgnoreHostKey()
		return nil
	}
	pinned, _, _, _, err := ssh.ParseAuthorizedKey([]byte(*e.HostKey))
	if err != nil {
		return fmt.Errorf(`hostKey: %w: expected a line such as "ssh-ed25519 AAAA…"`, err)
	}
	config.HostKeyAlgorithms = signatureAlgorithms(pinned)
	config.HostKeyCallback = func(name string, remote net.Addr, shown ssh.PublicKey) error {
		if err := ssh.FixedHostKey(pinned)(name, remote, shown); err != nil {
			return hostKeyError{fmt.Errorf("%w: expected %s, the server shows %s",
				err, ssh.FingerprintSHA256(pinned), ssh.FingerprintSHA256(shown))}
		}
		return nil
	}
	return nil
}

// signatureAlgorithms makes the server show the key that is pinned where it has several. An RSA key signs in more than
// one way.
func signatureAlgorithms(key ssh.PublicKey) []string {
	if key.Type() == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA}
	}
	return []string{key.Type()}
}

func (e Endpoint) signer() (ssh.Signer, error) {
	var signer ssh.Signer
	var err error
	if e.PrivateKeyPassword != nil {
		signer, err = ssh.ParsePrivateKeyWithPassphrase([]byte(*e.PrivateKey), []byte(*e.PrivateKeyPassword))
	} else {
		signer, err = ssh.ParsePrivateKey([]byte(*e.PrivateKey))
	}
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, fmt.Errorf("privateKey: %w: set privateKeyPassword", err)
	}
	if err != nil {
		return nil, fmt.Errorf("privateKey: %w", err)
	}
	return signer, nil
}

// answerAll serves servers that ask for the password by keyboard-interactive authentication (PAM).
func answerAll(password string) ssh.AuthMethod {
	return ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
		answers := make([]string, len(questions))
		for i := range answers {
			answers[i] = password
		}
		return answers, nil
	})
}

// dialAgent returns nil where there is no agent. A stale SSH_AUTH_SOCK only matters where nothing else can log in.
func (e Endpoint) dialAgent() (net.Conn, error) {
	socket := valueOr(e.AgentSocketPath, os.Getenv(agentSocketVariable))
	if socket == "" {
		return nil, nil
	}
	conn, err := net.Dial("unix", socket)
	if err == nil {
		return conn, nil
	}
	if e.AgentSocketPath == nil && (e.PrivateKey != nil || e.Password != nil) {
		return nil, nil
	}
	return nil, fmt.Errorf("SSH agent (agentSocketPath or %s): %w", agentSocketVariable, err)
}
