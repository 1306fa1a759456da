/// The API server's checks of objects, after defaults: an empty list means that it would take the object.
public enum Validation {
    /// What is wrong with a new object.
    public static func check(_ object: any KubernetesObject) -> [FieldError] { check(object, old: nil) }

    /// What is wrong with an object that replaces another one of its kind.
    public static func check(_ object: any KubernetesObject, old: (any KubernetesObject)?) -> [FieldError] { [] }
}
