/* export/operation.tbl.h - what an operation of a vendor of models is called by OpenTelemetry: by how its name ends. */
OPERATION(".chat.completions.create", "chat")
OPERATION(".responses.create", "chat")
OPERATION(".messages.create", "chat")
OPERATION(".embeddings.create", "embeddings")
OPERATION(".completions.create", "text_completion")
