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
	// As in 1.2.1 the key's type: of an RSA key that is the signature with SHA-1 alone, which no current sshd makes.
	config.HostKeyAlgorithms = []string{pinned.Type()}
	config.HostKeyCallback = ssh.FixedHostKey(pinned)
	return nil
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

// dialAgent returns nil where there is no agent. As in 1.2.1, a stale SSH_AUTH_SOCK matters though a key is given.
func (e Endpoint) dialAgent() (net.Conn, error) {
	socket := valueOr(e.AgentSocketPath, os.Getenv(agentSocketVariable))
	if socket == "" {
		return nil, nil
	}
	conn, err := net.Dial("unix", socket)
	if err == nil {
		return conn, nil
	}
	return nil, fmt.Errorf("SSH agent (agentSocketPath or %s): %w", agentSocketVariable, err)
}
