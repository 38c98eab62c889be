package schema

// Rows holds the rows of one checkpoint, a slice a table, and is the list of all
// tables in the order of the documentation. Row structs have no checkpoint_id of
// their own: the builder adds it.
type Rows struct {
	// CheckpointID is 32 hexadecimal digits, or empty where there is no
	// checkpoint: then only archives and problems have rows.
	CheckpointID string

	Archives          []Archive
	Digests           []CheckpointDigest
	Runs              []Run
	Forgotten         []ForgottenCheckpoint
	Checkpoints       []Checkpoint
	Problems          []Problem
	ArchiveMembers    []ArchiveMember
	UnknownFields     []UnknownField
	ImageEntries      []ImageEntry
	LogLines          []LogLine
	LogPhases         []LogPhase
	ContainerLogLines []ContainerLogLine
	EnumValues        []EnumValue

	ContainerSpecs    []ContainerSpec
	Annotations       []Annotation
	ContainerMounts   []ContainerMount
	ContainerDevices  []ContainerDevice
	ContainerNetworks []ContainerNetwork

	Processes         []Process
	Threads           []Thread
	Credentials       []Credential
	Environment       []EnvironmentVariable
	ResourceLimits    []ResourceLimit
	ProcessNamespaces []ProcessNamespace
	Namespaces        []Namespace
	CgroupMemberships []CgroupMembership
	Registers         []ThreadRegisters
	SignalHandlers    []SignalHandler
	PendingSignals    []PendingSignal
	Timers            []Timer
	AuxiliaryVectors  []AuxiliaryValue
	SeccompFilters    []SeccompFilter
	SeccompPrograms   []SeccompProgram
	ApparmorProfiles  []ApparmorProfile
	AIORings          []AIORing
	TLSDescriptors    []TLSDescriptor
	CPUInfo           []CPU
	IDMappings        []IDMapping
	CgroupProperties  []CgroupProperty

	MemoryMappings []MemoryMapping
	Pagemaps       []Pagemap
	SharedMemory   []SharedMemory

	MemoryELFHeaders []MemoryELFHeader
	MemoryPages      []MemoryPage
	StackFrames      []StackFrame
	MemoryMatches    []MemoryMatch
	MemoryStrings    []MemoryString

	FileDescriptors   []FileDescriptor
	Files             []File
	GhostFiles        []GhostFile
	FileRemaps        []FileRemap
	FilesystemEntries []FilesystemEntry
	FileLocks         []FileLock
	EpollTargets      []EpollTarget
	FileWatches       []FileWatch
	PipeBuffers       []PipeBuffer
	TTYs              []TTY
	BPFMaps           []BPFMap
	IrmapCache        []IrmapEntry

	Sockets           []Socket
	SocketOptions     []SocketOptions
	TCPStreams        []TCPStream
	SocketQueues      []QueuedPacket
	Mounts            []Mount
	NetworkDevices    []NetworkDevice
	NetworkAddresses  []NetworkAddress
	Routes            []Route
	RoutingRules      []RoutingRule
	FirewallRules     []FirewallRule
	ConntrackEntries  []ConntrackEntry
	Sysctls           []Sysctl
	IPCObjects        []IPCObject
	AutofsMounts      []AutofsMount
	BinfmtMiscEntries []BinfmtMiscEntry
	GPUDevices        []GPUDevice
	GPUBuffers        []GPUBuffer

	// Packed has rows of tables, by their names, that are made when they are
	// written. Such a table has no rows in its slice.
	Packed map[string]*PackedRows
}
