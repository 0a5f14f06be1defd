internal import HTTPTypes
internal import Hummingbird

/// Problems that any route may have.
extension Problem {
    static func notFound(_ detail: String? = nil) -> Problem {
        Problem(status: .notFound, code: "not-found", title: "There is nothing here.", detail: detail)
    }

    static func methodNotAllowed(allowed: [HTTPRequest.Method]) -> Problem {
        let list = allowed.map(\.rawValue).joined(separator: ", ")
        return Problem(
            status: .methodNotAllowed,
            code: "method-not-allowed",
            title: "The resource does not know this method.",
            detail: "It knows \(list).",
            headers: [.allow: list]
        )
    }

    static let methodUnknown = Problem(
        status: .notImplemented,
        code: "method-unknown",
        title: "No resource of this server knows this method."
    )

    /// A query, a path or a header field breaks a rule.
    static func invalid(parameter: String, _ rule: String) -> Problem {
        invalid([Fault(place: .parameter(parameter), code: "invalid", detail: rule)])
    }

    /// A member of the body breaks a rule.
    static func invalid(pointer: String, _ rule: String) -> Problem {
        invalid([Fault(place: .pointer(pointer), code: "invalid", detail: rule)])
    }

    static func invalid(_ faults: [Fault]) -> Problem {
        Problem(
            status: .unprocessableContent,
            code: "invalid",
            title: "A part of the request breaks a rule.",
            faults: faults
        )
    }

    static func malformed(_ detail: String) -> Problem {
        Problem(
            status: .badRequest,
            code: "malformed",
            title: "The request cannot be read.",
            detail: detail
        )
    }

    static func malformedJSON(_ detail: String) -> Problem {
        Problem(
            status: .badRequest,
            code: "malformed-json",
            title: "The body is not the JSON that is expected here.",
            detail: detail
        )
    }

    static func bodyTooLarge(limitBytes: Int) -> Problem {
        Problem(
            status: .contentTooLarge,
            code: "body-too-large",
            title: "The body is larger than allowed.",
            detail: "At most \(limitBytes) bytes.",
            members: [("limitBytes", .int(limitBytes))]
        )
    }

    static func unsupportedMediaType(expected: String) -> Problem {
        Problem(
            status: .unsupportedMediaType,
            code: "unsupported-media-type",
            title: "The body's media type is not understood here.",
            detail: "Send \(expected)."
        )
    }

    /// The request had no effect; it may be sent again.
    static func overloaded(_ detail: String) -> Problem {
        Problem(
            status: .serviceUnavailable,
            code: "overloaded",
            title: "Too much is waiting; try again in a moment.",
            detail: detail,
            headers: [.retryAfter: "1"]
        )
    }

    static let internalError = Problem(
        status: .internalServerError,
        code: "internal",
        title: "The server has made a mistake; its log tells more under the request's id."
    )
}

/// Problems of who is asking.
extension Problem {
    private static let unauthenticatedTitle = "It is not known who asks."

    /// Nobody in particular is asking.
    static let unauthenticated = Problem(
        status: .unauthorized,
        code: "unauthenticated",
        title: unauthenticatedTitle,
        detail: "This needs an access token.",
        headers: [.wwwAuthenticate: "Bearer realm=\"gala\""]
    )

    /// A token came along that does not hold. Why is not told: it would help those who forge.
    static let invalidToken = Problem(
        status: .unauthorized,
        code: "unauthenticated",
        title: unauthenticatedTitle,
        detail: "The access token is malformed, has expired or was ended, or was not issued for this server.",
        headers: [.wwwAuthenticate: "Bearer realm=\"gala\", error=\"invalid_token\""]
    )

    static let wrongCredentials = Problem(
        status: .unauthorized,
        code: "unauthenticated",
        title: unauthenticatedTitle,
        detail: "The user name or the password is wrong.",
        headers: [.wwwAuthenticate: "Bearer realm=\"gala\""]
    )

    static let forbidden = Problem(
        status: .forbidden,
        code: "forbidden",
        title: "The caller may not do this."
    )

    /// Who asks is known, but does not know the password that he has to show once more.
    static let wrongPassword = Problem(
        status: .forbidden,
        code: "wrong-password",
        title: "The present password is wrong."
    )

    /// The refresh token does not hold. Why is not told: it would help those who guess.
    static let invalidRefreshToken = Problem(
        status: .unauthorized,
        code: "unauthenticated",
        title: unauthenticatedTitle,
        detail: "The refresh token does not hold: log in again.",
        headers: [.wwwAuthenticate: "Bearer realm=\"gala\", error=\"invalid_token\""]
    )

    /// What only a user's session has was asked of an operator's account.
    static let noSession = Problem(
        status: .conflict,
        code: "no-session",
        title: "An operator's account lies in a file: it has no session and no profile."
    )

    /// A version must be named, so that nobody overwrites what he has not seen.
    static let preconditionRequired = Problem(
        status: .preconditionRequired,
        code: "precondition-required",
        title: "Name the version that is to be changed: If-Match with the ETag of what was read."
    )

    static func rateLimited(retryAfterSeconds: Int) -> Problem {
        Problem(
            status: .tooManyRequests,
            code: "rate-limited",
            title: "Too many attempts; wait before the next.",
            headers: [.retryAfter: String(retryAfterSeconds)]
        )
    }
}
