package remote

import (
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// server is an SSH server on loopback that runs commands with this machine's shell.
type server struct {
	hostKey       ssh.Signer
	userKey       ssh.Signer
	userKeyPEM    string
	password      string
	acceptEnv     bool
	dials         atomic.Int32 // TCP connections taken
	open          atomic.Int32 // connections that have logged in and not ended
	forwards      atomic.Int32 // connections made for a client as its bastion
	listenAddress string
}

func newKey(t *testing.T) (ssh.Signer, string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	return signer, string(pem.EncodeToMemory(block))
}

// newServer has its keys and address but does not listen yet.
func newServer(t *testing.T) *server {
	t.Helper()
	t.Setenv(agentSocketVariable, "")
	s := &server{listenAddress: "127.0.0.1:0"}
	s.hostKey, _ = newKey(t)
	s.userKey, s.userKeyPEM = newKey(t)
	return s
}

func startServer(t *testing.T) *server {
	s := newServer(t)
	s.listen(t)
	return s
}

func (s *server) listen(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", s.listenAddress)
	if err != nil {
		t.Fatal(err)
	}
	s.listenAddress = listener.Addr().String()
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.dials.Add(1)
			go s.serve(conn)
		}
	}()
}

// endpoint is how a client that knows the right keys connects.
func (s *server) endpoint() Endpoint {
	host, port, _ := net.SplitHostPort(s.listenAddress)
	number, _ := strconv.ParseFloat(port, 64)
	return Endpoint{Host: host, Port: &number, PrivateKey: &s.userKeyPEM, HostKey: authorized(s.hostKey)}
}

func authorized(key ssh.Signer) *string {
	line := string(ssh.MarshalAuthorizedKey(key.PublicKey()))
	return &line
}

func (s *server) serve(conn net.Conn) {
	defer conn.Close()
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if string(key.Marshal()) == string(s.userKey.PublicKey().Marshal()) {
				return nil, nil
			}
			return nil, errors.New("unknown key")
		},
		PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if s.password != "" && string(password) == s.password {
				return nil, nil
			}
			return nil, errors.New("wrong password")
		},
	}
	config.AddHostKey(s.hostKey)
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	s.open.Add(1)
	defer s.open.Add(-1)
	go ssh.DiscardRequests(requests)
	for request := range channels {
		switch request.ChannelType() {
		case "session":
			go s.session(request)
		case "direct-tcpip":
			go s.forward(request)
		default:
			request.Reject(ssh.UnknownChannelType, "")
		}
	}
}

func (s *server) forward(request ssh.NewChannel) {
	var target struct {
		Host       string
		Port       uint32
		OriginHost string
		OriginPort uint32
	}
	_ = ssh.Unmarshal(request.ExtraData(), &target)
	conn, err := net.Dial("tcp", net.JoinHostPort(target.Host, strconv.Itoa(int(target.Port))))
	if err != nil {
		request.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	s.forwards.Add(1)
	channel, requests, _ := request.Accept()
	go ssh.DiscardRequests(requests)
	go func() { io.Copy(conn, channel); conn.Close() }()
	io.Copy(channel, conn)
	channel.Close()
}

func (s *server) session(request ssh.NewChannel) {
	channel, requests, err := request.Accept()
	if err != nil {
		return
	}
	env := os.Environ()
	for r := range requests {
		switch r.Type {
		case "env":
			var variable struct{ Name, Value string }
			_ = ssh.Unmarshal(r.Payload, &variable)
			env = append(env, variable.Name+"="+variable.Value)
			r.Reply(s.acceptEnv, nil)
		case "exec":
			var payload struct{ Command string }
			_ = ssh.Unmarshal(r.Payload, &payload)
			r.Reply(true, nil)
			go execute(channel, payload.Command, env)
		case "subsystem":
			r.Reply(true, nil)
			go serveFiles(channel)
		default:
			r.Reply(false, nil)
		}
	}
}

func execute(channel ssh.Channel, command string, env []string) {
	process := exec.Command("/bin/sh", "-c", command)
	process.Env, process.Stdout, process.Stderr = env, channel, channel.Stderr()
	stdin, _ := process.StdinPipe() // not process.Stdin: Wait must not wait for a client that sends nothing
	go func() { io.Copy(stdin, channel); stdin.Close() }()
	_ = process.Run()
	status := struct{ Code uint32 }{uint32(process.ProcessState.ExitCode())}
	channel.SendRequest("exit-status", false, ssh.Marshal(status))
	channel.Close()
}

func serveFiles(channel ssh.Channel) {
	defer channel.Close()
	if files, err := sftp.NewServer(channel); err == nil {
		_ = files.Serve()
	}
}
