extension Accounts {
    /// What a sign-up that has a key comes to when somebody has its name already: what an earlier copy of it came to, or
    /// a refusal, which every later copy is told, too.
    ///
    /// It needs no password, and makes no user: who has a name keeps it.
    public func signUpForTakenName(once key: RequestKey) async throws -> Concluded {
        let id: UserID = try await services.ids.mint()
        return try await Requests(services).carryOut(key, .user(id)) { _ -> RecordedAnswer in
            throw Self.usernameTaken
        }
    }
}
