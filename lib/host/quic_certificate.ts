/**
 * The certificate of every kith, and its key, both as PEM. QUIC can't do without one, and this one shows nothing: all
 * have it, and its key is no secret, here for everybody to read. Who a peer is, and that nobody listens, rests on the
 * Noise link inside, as over TCP. It is for the name `kith`, of no authority, and valid from 1970 to 9999, since there
 * are machines without a clock.
 */
export const QUIC_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBTzCB9aADAgECAgEBMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBGtpdGgwIBcN
NzAwMTAxMDAwMDAwWhgPOTk5OTEyMzEyMzU5NTlaMA8xDTALBgNVBAMMBGtpdGgw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ6YV4AQA79FtmSDGXGYS4uSpmUrNFR
RXF4RIF2ZkYIm1U7XXU0SswXuE64RvXVoXIsmUIodT4KhND58QtROuH8o0AwPjAP
BgNVHREECDAGggRraXRoMAwGA1UdEwEB/wQCMAAwHQYDVR0OBBYEFCXvUswtTyAN
+kgPtPuYelXqFELkMAoGCCqGSM49BAMCA0kAMEYCIQCGYs1Fxp1HuV1XT8DWAVCJ
WQh/5UvWRM2uX1r/YQ9xwQIhAL5aRddfXub8dVR5ItYeX2tDJ3zk7JC6NTX1IVNm
W/Zl
-----END CERTIFICATE-----
`;

/** The key of that certificate, which protects nothing. */
export const QUIC_CERTIFICATE_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5eg//x+e7XfoFokJ
rdoQSpxdUbwFf4gp+m2AzYSZnIOhRANCAAQ6YV4AQA79FtmSDGXGYS4uSpmUrNFR
RXF4RIF2ZkYIm1U7XXU0SswXuE64RvXVoXIsmUIodT4KhND58QtROuH8
-----END PRIVATE KEY-----
`;

/** The name that the certificate is for. */
export const QUIC_SERVER_NAME = "kith";
