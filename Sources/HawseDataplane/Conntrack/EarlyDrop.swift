extension ConnectionTable {
    /// May a full table forget this one (`gc_worker_can_early_drop`, `early_drop_list`)?
    func canDropEarly(_ connection: ConnectionRef) -> Bool {
        !connection.pointee.isAssured && !connection.pointee.status.contains(.fixedTimeout)
    }
}
