/// What the first byte of a key says: whose key it is. No key is empty, and none begins with 0x00 or 0xFF.
public enum KeySpace {
    /// What operators put by `/v1/kv`: their own key follows.
    public static let operators: UInt8 = 0x01
    /// The ids of transactions that operators have named.
    public static let operatorTransactions: UInt8 = 0x02
    /// What the domain keeps: a bucket of two bytes follows, the highest first, over which entities are spread evenly.
    public static let domain: UInt8 = 0x10

    /// Every key that there may be.
    public static let everything = KeyRange([0x01], [0xFF])
}
