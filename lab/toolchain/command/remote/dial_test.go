package remote

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

func ptr[T any](v T) *T { return &v }

func dial(t *testing.T, c Connection) error {
	t.Helper()
	client, err := c.Dial(context.Background())
	if err == nil {
		client.Close()
	}
	return err
}

func mustContain(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}

func TestAServerWithThePinnedHostKeyIsUsed(t *testing.T) {
	if err := dial(t, Connection{Endpoint: startServer(t).endpoint()}); err != nil {
		t.Fatal(err)
	}
}

func TestAWrongHostKeyIsDialledToTheLimit(t *testing.T) {
	s := startServer(t)
	other, _ := newKey(t)
	e := s.endpoint()
	e.HostKey, e.DialErrorLimit = authorized(other), ptr(2)
	mustContain(t, dial(t, Connection{Endpoint: e}), "host key mismatch")
	if dials := s.dials.Load(); dials != 3 {
		t.Errorf("%d dials, want 3", dials)
	}
}

func TestOfAnRSAHostKeyNoSignatureThatACurrentServerMakesIsTaken(t *testing.T) {
	s := newServer(t)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	s.hostKey, err = ssh.NewSignerWithAlgorithms(signer.(ssh.AlgorithmSigner),
		[]string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256})
	if err != nil {
		t.Fatal(err)
	}
	s.listen(t)
	e := s.endpoint()
	e.DialErrorLimit = ptr(0)
	mustContain(t, dial(t, Connection{Endpoint: e}), "no common algorithm for host key", "ssh-rsa")
}

func TestAHostKeyOfAnotherKindIsRefused(t *testing.T) {
	s := startServer(t)
	e := s.endpoint()
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(ecdsaKey)
	if err != nil {
		t.Fatal(err)
	}
	e.HostKey, e.DialErrorLimit = authorized(signer), ptr(0)
	mustContain(t, dial(t, Connection{Endpoint: e}), "no common algorithm for host key")
}

func TestAMalformedHostKeySaysWhatIsExpected(t *testing.T) {
	e := startServer(t).endpoint()
	e.HostKey = ptr("nonsense")
	mustContain(t, dial(t, Connection{Endpoint: e}), "hostKey", "ssh-ed25519")
}

func TestDialsAreRepeatedUntilTheServerIsUp(t *testing.T) {
	s := newServer(t)
	reserve, err := net.Listen("tcp", s.listenAddress)
	if err != nil {
		t.Fatal(err)
	}
	s.listenAddress = reserve.Addr().String()
	reserve.Close()
	up := make(chan struct{})
	time.AfterFunc(300*time.Millisecond, func() { s.listen(t); close(up) })
	if err := dial(t, Connection{Endpoint: s.endpoint()}); err != nil {
		t.Fatal(err)
	}
	<-up
}

func TestTheDialLimitCountsTheErrorsAllowed(t *testing.T) {
	s := startServer(t)
	_, s.userKeyPEM = newKey(t) // the server does not know it: every dial arrives and fails
	for limit, want := range map[int]int32{0: 1, 2: 3} {
		s.dials.Store(0)
		e := s.endpoint()
		e.DialErrorLimit = &limit
		mustContain(t, dial(t, Connection{Endpoint: e}), "failed attempts", "unable to authenticate")
		if dials := s.dials.Load(); dials != want {
			t.Errorf("limit %d: %d dials, want %d", limit, dials, want)
		}
	}
}

func TestWithoutADialLimitOnlyTheCallerEndsTheDialling(t *testing.T) {
	s := startServer(t)
	_, s.userKeyPEM = newKey(t)
	e := s.endpoint()
	e.DialErrorLimit = ptr(-1)
	ctx, cancel := context.WithTimeout(context.Background(), 700*time.Millisecond)
	defer cancel()
	_, err := Connection{Endpoint: e}.Dial(ctx)
	mustContain(t, err, "deadline exceeded")
	if dials := s.dials.Load(); dials < 3 {
		t.Errorf("only %d dials", dials)
	}
}

// silentListener takes connections and never says a word, like a machine that boots or a firewall that swallows.
func silentListener(t *testing.T) Endpoint {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s := newServer(t)
	s.listenAddress = listener.Addr().String()
	return s.endpoint()
}

func TestAHandshakeThatHangsIsBounded(t *testing.T) {
	hanging := silentListener(t)
	hanging.PerDialTimeout, hanging.DialErrorLimit = ptr(1), ptr(0)
	bastion := startServer(t)
	proxied := Connection{Endpoint: hanging, Proxy: &ProxyConnection{bastion.endpoint()}}
	for name, connection := range map[string]Connection{"direct": {Endpoint: hanging}, "proxied": proxied} {
		start := time.Now()
		mustContain(t, dial(t, connection), "no SSH handshake within 1s")
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
	}
}

func TestTheHostIsReachedThroughTheProxy(t *testing.T) {
	bastion, host := startServer(t), startServer(t)
	if err := dial(t, Connection{Endpoint: host.endpoint(), Proxy: &ProxyConnection{bastion.endpoint()}}); err != nil {
		t.Fatal(err)
	}
	if bastion.forwards.Load() != 1 {
		t.Error("the bastion forwarded nothing")
	}
}

func TestAFailedHandshakeAtOrBehindAProxyIsFinal(t *testing.T) {
	bastion, host := startServer(t), startServer(t)
	_, unknown := newKey(t)
	atTheProxy, behind := bastion.endpoint(), host.endpoint()
	atTheProxy.PrivateKey, behind.PrivateKey = &unknown, &unknown
	for name, c := range map[string]Connection{
		"at":     {Endpoint: host.endpoint(), Proxy: &ProxyConnection{atTheProxy}},
		"behind": {Endpoint: behind, Proxy: &ProxyConnection{bastion.endpoint()}},
	} {
		bastion.dials.Store(0)
		mustContain(t, dial(t, c), "final", "unable to authenticate")
		if dials := bastion.dials.Load(); dials != 1 {
			t.Errorf("%s: %d dials, want 1", name, dials)
		}
	}
}

func TestTheProxysHostKeyIsCheckedToo(t *testing.T) {
	bastion, host := startServer(t), startServer(t)
	proxy := bastion.endpoint()
	proxy.HostKey = authorized(host.hostKey)
	err := dial(t, Connection{Endpoint: host.endpoint(), Proxy: &ProxyConnection{proxy}})
	mustContain(t, err, "proxy", "host key mismatch")
	if host.dials.Load() != 0 {
		t.Error("the host was dialled through a bastion that is not the right one")
	}
}

func TestAPasswordLogsIn(t *testing.T) {
	s := startServer(t)
	s.password = "opensesame"
	e := s.endpoint()
	e.PrivateKey, e.Password = nil, &s.password
	if err := dial(t, Connection{Endpoint: e}); err != nil {
		t.Fatal(err)
	}
}

func TestAnEncryptedPrivateKeyNeedsItsPassword(t *testing.T) {
	s := startServer(t)
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.userKey, err = ssh.NewSignerFromKey(private); err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("letmein"))
	if err != nil {
		t.Fatal(err)
	}
	s.userKeyPEM = string(pem.EncodeToMemory(block))
	e := s.endpoint()
	mustContain(t, dial(t, Connection{Endpoint: e}), "set privateKeyPassword")
	e.PrivateKeyPassword = ptr("letmein")
	if err := dial(t, Connection{Endpoint: e}); err != nil {
		t.Fatal(err)
	}
}

func TestTheAgentLogsInAndAStaleOneFailsThoughAKeyIsGiven(t *testing.T) {
	s := startServer(t)
	keyring := agent.NewKeyring()
	private, err := ssh.ParseRawPrivateKey([]byte(s.userKeyPEM))
	if err != nil {
		t.Fatal(err)
	}
	if err := keyring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	socket := t.TempDir() + "/agent"
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_ = agent.ServeAgent(keyring, conn)
		}
	}()
	withoutKey := s.endpoint()
	withoutKey.PrivateKey = nil
	withoutKey.AgentSocketPath = &socket
	if err := dial(t, Connection{Endpoint: withoutKey}); err != nil {
		t.Fatal(err)
	}
	t.Setenv(agentSocketVariable, "/nonexistent")
	mustContain(t, dial(t, Connection{Endpoint: s.endpoint()}), "SSH agent", agentSocketVariable)
	withoutKey.AgentSocketPath = nil
	mustContain(t, dial(t, Connection{Endpoint: withoutKey}), "SSH agent")
}
