/// The request for which the store is being asked, so that every node that it touches can say its id in its log.
///
/// It travels with the task that asks, and changes nothing but what is written to logs.
public enum RequestTrace {
    /// The id, at most 128 bytes of letters, digits, `.`, `-` and `_`; nil where nobody has named the request.
    @TaskLocal public static var id: String?
}
