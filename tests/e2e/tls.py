"""Certificates made up on the spot, and servers that show them: nothing of it outlives the test's folder.

    ca = Authority(tmp_path)                          # ca.file: what a client is to believe
    cert = ca.issue("localhost", "127.0.0.1")         # cert.chain, cert.key: files
    vendor = Vendor().start(tls=server_context(cert))
"""
import datetime
import ipaddress
import socket
import ssl
import struct
import subprocess
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def alt_name(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def new_key(kind="ec"):
    """"ec", or "rsa:BITS"."""
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=int(kind.split(":")[1]))


def pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM)


class Certificate:
    """A certificate with its key, and both as files: `chain` (with what leads to the root, without it) and `key`."""

    def __init__(self, folder, stem, cert, key, above=()):
        self.cert, self.private_key, self.above = cert, key, list(above)
        self.chain, self.key = Path(folder) / f"{stem}.pem", Path(folder) / f"{stem}.key"
        self.chain.write_bytes(b"".join(map(pem, [cert, *self.above])))
        self.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        self.key.chmod(0o600)

    def as_config(self, **more):
        """For `data_tls` and `admin_tls`."""
        return {"cert_file": str(self.chain), "key_file": str(self.key), **more}


# RFC 5280, 4.2.1.3: an authority says that it signs; Python wants to see it from 3.13 on.
CA_USAGE = x509.KeyUsage(digital_signature=False, content_commitment=False, key_encipherment=False,
                         data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
                         encipher_only=False, decipher_only=False)


class Authority:
    """A root, or with `by` an authority below another one."""
    n_issued = 0

    def __init__(self, folder, name="Test Root", by=None, key="ec"):
        self.folder, self.name, self.by = Path(folder), name, by
        self.private_key = new_key(key)
        self.cert = self._sign(name_of(name), self.private_key.public_key(), by or self, -1, 30, is_ca=True)
        self.file = self.folder / f"{name.replace(' ', '-').lower()}.pem"
        self.file.write_bytes(pem(self.cert))

    def _sign(self, subject, public_key, issuer, from_days, to_days, *, is_ca=False, hosts=(), usage=None):
        now = datetime.datetime.now(datetime.timezone.utc)
        b = (x509.CertificateBuilder().subject_name(subject).issuer_name(name_of(issuer.name)).public_key(public_key)
             .serial_number(x509.random_serial_number())
             .not_valid_before(now + from_days * DAY).not_valid_after(now + to_days * DAY)
             .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
             .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
             .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.private_key.public_key()),
                            critical=False))
        if is_ca:
            b = b.add_extension(CA_USAGE, critical=True)
        if hosts:
            b = b.add_extension(x509.SubjectAlternativeName([alt_name(h) for h in hosts]), critical=False)
        if usage:
            b = b.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        return b.sign(issuer.private_key, hashes.SHA256())

    def _above(self):
        """What a server sends beside its own certificate: the authorities between it and the root."""
        return [self.cert, *self.by._above()] if self.by else []

    def issue(self, *hosts, from_days=-1, to_days=30, key="ec", client=False, subject=None, with_chain=True):
        """A certificate for these names and addresses; `client`: one that shows who a client is."""
        Authority.n_issued += 1
        private_key = new_key(key)
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        cert = self._sign(name_of(subject or (hosts[0] if hosts else "nobody")), private_key.public_key(), self,
                          from_days, to_days, hosts=hosts, usage=usage)
        return Certificate(self.folder, f"cert-{Authority.n_issued}", cert, private_key,
                           self._above() if with_chain else [])


def issue_with_old_digest(ca, host, digest):
    """Signed with "sha1" or "md5", which only the openssl command still does."""
    kept = ca.issue(host, key="rsa:2048")
    ca_key, request, extensions = ca.folder / "ca.key", ca.folder / "old.csr", ca.folder / "old.ext"
    ca_key.write_bytes(ca.private_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                    serialization.NoEncryption()))
    extensions.write_text(f"subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth\n")
    for args in (["req", "-new", "-key", kept.key, "-subj", f"/CN={host}", "-out", request],
                 ["x509", "-req", "-in", request, "-CA", ca.file, "-CAkey", ca_key, "-set_serial", "4711",
                  "-days", "30", f"-{digest}", "-extfile", extensions, "-out", kept.chain]):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, timeout=30)
    return kept


def self_signed(folder, *hosts):
    """Issued by nobody but itself."""
    by = Authority(folder, "Self")
    Authority.n_issued += 1
    cert = by._sign(name_of("Self"), by.private_key.public_key(), by, -1, 30, hosts=hosts,
                    usage=ExtendedKeyUsageOID.SERVER_AUTH)
    return Certificate(folder, f"cert-{Authority.n_issued}", cert, by.private_key)


def server_context(cert, *, client_ca=None, alpn=("http/1.1",), versions=None, ciphers=None):
    """`client_ca`: a file; clients without a certificate of it are turned away. `versions`: (least, most)."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if ciphers:
        c.set_ciphers(ciphers)
    c.load_cert_chain(cert.chain, cert.key)
    if versions:
        c.minimum_version, c.maximum_version = versions
    if alpn:
        c.set_alpn_protocols(list(alpn))
    if client_ca:
        c.load_verify_locations(client_ca)
        c.verify_mode = ssl.CERT_REQUIRED
    return c


def client_context(ca_file, cert=None, versions=None):
    c = ssl.create_default_context(cafile=str(ca_file))
    if cert:
        c.load_cert_chain(cert.chain, cert.key)
    if versions:
        c.minimum_version, c.maximum_version = versions
    return c


class RawServer:
    """A port of 127.0.0.1 where each connection is given to `serve(socket)`, in a thread of its own; closed behind it.

    With `context` the socket speaks TLS; a handshake that fails ends the connection. `n` counts connections.
    """

    def __init__(self, serve, context=None):
        self.serve, self.context, self.n = serve, context, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.done = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.n += 1
            threading.Thread(target=self._one, args=(s,), daemon=True).start()

    def _one(self, s):
        s.settimeout(30)
        try:
            if self.context:
                s = self.context.wrap_socket(s, server_side=True)
            self.serve(s)
        except OSError:
            pass
        finally:
            s.close()

    def stop(self):
        self.done.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def read_head(s):
    """One request's head and what came with it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = s.recv(65536)
        if not piece:
            raise OSError("closed")
        data += piece
    return data


def reset(s):
    """Ends the connection by a reset."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
