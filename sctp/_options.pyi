"""The keys of the dict classes and their types. At run time they come from the C rows,
which type checkers cannot read."""

import sys
from collections.abc import Iterable
from inspect import Signature
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Self, TypeVar, overload

from _sctp.sctp import _Address, _AnyAddress
from _sctp.sctp_info import sctp_sndinfo

_K = TypeVar("_K", bound=str)
_V = TypeVar("_V")
_T = TypeVar("_T")

_LAYOUTS: dict[
    str,
    tuple[
        int,
        tuple[tuple[str, str, int, int], ...],
        tuple[str, str, str, int] | None,
    ],
]

def _pack_structure(name: str, fields: Any) -> bytes: ...

# An address from the kernel is a tuple. But it is bytes if the application gave bytes,
# or left it out. So the type is "_Address | Any".
class _Structure(dict[_K, _V]):
    __fields__: ClassVar[
        MappingProxyType[str, tuple[str, Any]] | dict[str, tuple[str, Any]]
    ]
    __c_size__: ClassVar[int]
    __optname__: ClassVar[int]
    __signature__: ClassVar[Signature | None]
    fmt: ClassVar[str]
    size: ClassVar[int]
    def __init_subclass__(
        cls, abstract: bool = False, tail_default: object = (), **kwargs: Any
    ) -> None: ...
    def __init__(self, **kwds: _V) -> None: ...
    @property
    def to_bytes(self) -> bytes: ...
    def set_value(self, field: str, value: _T) -> _T: ...
    def copy(self) -> Self: ...

class sctp_generic(_Structure[_K, _V]): ...

class sctp_initmsg(
    sctp_generic[
        Literal[
            "sinit_num_ostreams",
            "sinit_max_instreams",
            "sinit_max_attempts",
            "sinit_max_init_timeo",
        ],
        int,
    ]
):
    def __init__(
        self,
        *,
        sinit_num_ostreams: int = 0,
        sinit_max_instreams: int = 0,
        sinit_max_attempts: int = 0,
        sinit_max_init_timeo: int = 0,
    ) -> None: ...

class sctp_paddrparams(
    sctp_generic[
        Literal[
            "spp_assoc_id",
            "spp_address",
            "spp_hbinterval",
            "spp_pathmaxrxt",
            "spp_pathmtu",
            "spp_flags",
            "spp_ipv6_flowlabel",
            "spp_dscp",
            "spp_sackdelay",  # on Linux
        ],
        Any,
    ]
):
    def __init__(
        self,
        *,
        spp_assoc_id: int = 0,
        spp_address: _AnyAddress | bytes = ...,
        spp_hbinterval: int = 0,
        spp_pathmaxrxt: int = 0,
        spp_pathmtu: int = 0,
        spp_flags: int = 0,
        spp_ipv6_flowlabel: int = 0,
        spp_dscp: int = 0,
        spp_sackdelay: int = 0,
    ) -> None: ...
    @overload
    def __getitem__(
        self,
        field: Literal[
            "spp_assoc_id",
            "spp_hbinterval",
            "spp_pathmaxrxt",
            "spp_pathmtu",
            "spp_flags",
            "spp_ipv6_flowlabel",
            "spp_dscp",
            "spp_sackdelay",
        ],
        /,
    ) -> int: ...
    @overload
    def __getitem__(self, field: Literal["spp_address"], /) -> _Address | Any: ...

class sctp_paddrinfo(
    sctp_generic[
        Literal[
            "spinfo_assoc_id",
            "spinfo_address",
            "spinfo_state",
            "spinfo_cwnd",
            "spinfo_srtt",
            "spinfo_rto",
            "spinfo_mtu",
        ],
        Any,
    ]
):
    def __init__(
        self,
        *,
        spinfo_assoc_id: int = 0,
        spinfo_address: _AnyAddress | bytes = ...,
        spinfo_state: int = 0,
        spinfo_cwnd: int = 0,
        spinfo_srtt: int = 0,
        spinfo_rto: int = 0,
        spinfo_mtu: int = 0,
    ) -> None: ...
    @overload
    def __getitem__(
        self,
        field: Literal[
            "spinfo_assoc_id",
            "spinfo_state",
            "spinfo_cwnd",
            "spinfo_srtt",
            "spinfo_rto",
            "spinfo_mtu",
        ],
        /,
    ) -> int: ...
    @overload
    def __getitem__(self, field: Literal["spinfo_address"], /) -> _Address | Any: ...

class sctp_rtoinfo(
    sctp_generic[Literal["srto_assoc_id", "srto_initial", "srto_max", "srto_min"], int]
):
    def __init__(
        self,
        *,
        srto_assoc_id: int = 0,
        srto_initial: int = 0,
        srto_max: int = 0,
        srto_min: int = 0,
    ) -> None: ...

class sctp_assocparams(
    sctp_generic[
        Literal[
            "sasoc_assoc_id",
            "sasoc_asocmaxrxt",
            "sasoc_number_peer_destinations",
            "sasoc_peer_rwnd",
            "sasoc_local_rwnd",
            "sasoc_cookie_life",
        ],
        int,
    ]
):
    def __init__(
        self,
        *,
        sasoc_assoc_id: int = 0,
        sasoc_asocmaxrxt: int = 0,
        sasoc_number_peer_destinations: int = 0,
        sasoc_peer_rwnd: int = 0,
        sasoc_local_rwnd: int = 0,
        sasoc_cookie_life: int = 0,
    ) -> None: ...

class sctp_setprim(sctp_generic[Literal["ssp_assoc_id", "ssp_addr"], Any]):
    def __init__(
        self, *, ssp_assoc_id: int = 0, ssp_addr: _AnyAddress | bytes = ...
    ) -> None: ...
    @overload
    def __getitem__(self, field: Literal["ssp_assoc_id"], /) -> int: ...
    @overload
    def __getitem__(self, field: Literal["ssp_addr"], /) -> _Address | Any: ...

class sctp_setadaptation(sctp_generic[Literal["ssb_adaptation_ind"], int]):
    def __init__(self, *, ssb_adaptation_ind: int = 0) -> None: ...

class sctp_assoc_value(sctp_generic[Literal["assoc_id", "assoc_value"], int]):
    def __init__(self, *, assoc_id: int = 0, assoc_value: int = 0) -> None: ...

class sctp_sack_info(
    sctp_generic[Literal["sack_assoc_id", "sack_delay", "sack_freq"], int]
):
    def __init__(
        self, *, sack_assoc_id: int = 0, sack_delay: int = 0, sack_freq: int = 0
    ) -> None: ...

class sctp_authkeyid(sctp_generic[Literal["scact_assoc_id", "scact_keynumber"], int]):
    def __init__(
        self, *, scact_assoc_id: int = 0, scact_keynumber: int = 0
    ) -> None: ...

class sctp_default_sndinfo(
    sctp_generic[
        Literal["snd_sid", "snd_flags", "snd_ppid", "snd_context", "snd_assoc_id"], int
    ]
):
    def __init__(
        self,
        sndinfo: sctp_sndinfo | sctp_default_sndinfo | None = None,
        /,
        *,
        snd_sid: int = 0,
        snd_flags: int = 0,
        snd_ppid: int = 0,
        snd_context: int = 0,
        snd_assoc_id: int = 0,
    ) -> None: ...

class sctp_default_prinfo(
    sctp_generic[Literal["pr_policy", "pr_value", "pr_assoc_id"], int]
):
    def __init__(
        self, *, pr_policy: int = 0, pr_value: int = 0, pr_assoc_id: int = 0
    ) -> None: ...

class sctp_status(
    sctp_generic[
        Literal[
            "sstat_assoc_id",
            "sstat_state",
            "sstat_rwnd",
            "sstat_unackdata",
            "sstat_penddata",
            "sstat_instrms",
            "sstat_outstrms",
            "sstat_fragmentation_point",
            "sstat_primary",
        ],
        int | sctp_paddrinfo,
    ]
):
    def __init__(
        self,
        *,
        sstat_assoc_id: int = 0,
        sstat_state: int = 0,
        sstat_rwnd: int = 0,
        sstat_unackdata: int = 0,
        sstat_penddata: int = 0,
        sstat_instrms: int = 0,
        sstat_outstrms: int = 0,
        sstat_fragmentation_point: int = 0,
        sstat_primary: sctp_paddrinfo | bytes = ...,
    ) -> None: ...
    @overload
    def __getitem__(
        self,
        field: Literal[
            "sstat_assoc_id",
            "sstat_state",
            "sstat_rwnd",
            "sstat_unackdata",
            "sstat_penddata",
            "sstat_instrms",
            "sstat_outstrms",
            "sstat_fragmentation_point",
        ],
        /,
    ) -> int: ...
    @overload
    def __getitem__(self, field: Literal["sstat_primary"], /) -> sctp_paddrinfo: ...

class sctp_setpeerprim(sctp_generic[Literal["sspp_assoc_id", "sspp_addr"], Any]):
    def __init__(
        self, *, sspp_assoc_id: int = 0, sspp_addr: _AnyAddress | bytes = ...
    ) -> None: ...
    @overload
    def __getitem__(self, field: Literal["sspp_assoc_id"], /) -> int: ...
    @overload
    def __getitem__(self, field: Literal["sspp_addr"], /) -> _Address | Any: ...

class sctp_authchunk(sctp_generic[Literal["sauth_chunk"], int]):
    def __init__(self, *, sauth_chunk: int = 0) -> None: ...

class sctp_authkey(
    _Structure[Literal["sca_assoc_id", "sca_keynumber", "sca_key"], int | bytes | None]
):
    def __init__(
        self,
        *,
        sca_assoc_id: int = 0,
        sca_keynumber: int = 0,
        sca_key: bytes | None = None,
    ) -> None: ...
    @overload
    def __getitem__(
        self, field: Literal["sca_assoc_id", "sca_keynumber"], /
    ) -> int: ...
    @overload
    def __getitem__(self, field: Literal["sca_key"], /) -> bytes | None: ...

class sctp_event(sctp_generic[Literal["se_assoc_id", "se_type", "se_on"], int]):
    def __init__(
        self, *, se_assoc_id: int = 0, se_type: int = 0, se_on: int = 0
    ) -> None: ...

class sctp_stream_value(
    sctp_generic[Literal["assoc_id", "stream_id", "stream_value"], int]
):
    def __init__(
        self, *, assoc_id: int = 0, stream_id: int = 0, stream_value: int = 0
    ) -> None: ...

if sys.platform == "linux":
    class sctp_paddrthlds(
        sctp_generic[
            Literal[
                "spt_assoc_id",
                "spt_address",
                "spt_pathmaxrxt",
                "spt_pathpfthld",
            ],
            Any,
        ]
    ):
        def __init__(
            self,
            *,
            spt_assoc_id: int = 0,
            spt_address: _AnyAddress | bytes = ...,
            spt_pathmaxrxt: int = 0,
            spt_pathpfthld: int = 0,
        ) -> None: ...
        @overload
        def __getitem__(
            self,
            field: Literal[
                "spt_assoc_id",
                "spt_pathmaxrxt",
                "spt_pathpfthld",
            ],
            /,
        ) -> int: ...
        @overload
        def __getitem__(self, field: Literal["spt_address"], /) -> _Address | Any: ...

else:
    class sctp_paddrthlds(
        sctp_generic[
            Literal[
                "spt_assoc_id",
                "spt_address",
                "spt_pathmaxrxt",
                "spt_pathpfthld",
                "spt_pathcpthld",
            ],
            Any,
        ]
    ):
        def __init__(
            self,
            *,
            spt_assoc_id: int = 0,
            spt_address: _AnyAddress | bytes = ...,
            spt_pathmaxrxt: int = 0,
            spt_pathpfthld: int = 0,
            spt_pathcpthld: int = 0,
        ) -> None: ...
        @overload
        def __getitem__(
            self,
            field: Literal[
                "spt_assoc_id", "spt_pathmaxrxt", "spt_pathpfthld", "spt_pathcpthld"
            ],
            /,
        ) -> int: ...
        @overload
        def __getitem__(self, field: Literal["spt_address"], /) -> _Address | Any: ...

class sctp_udpencaps(
    sctp_generic[Literal["sue_assoc_id", "sue_address", "sue_port"], Any]
):
    def __init__(
        self,
        *,
        sue_assoc_id: int = 0,
        sue_address: _AnyAddress | bytes = ...,
        sue_port: int = 0,
    ) -> None: ...
    @overload
    def __getitem__(self, field: Literal["sue_assoc_id", "sue_port"], /) -> int: ...
    @overload
    def __getitem__(self, field: Literal["sue_address"], /) -> _Address | Any: ...

class sctp_prstatus(
    sctp_generic[
        Literal[
            "sprstat_assoc_id",
            "sprstat_sid",
            "sprstat_policy",
            "sprstat_abandoned_unsent",
            "sprstat_abandoned_sent",
        ],
        int,
    ]
):
    def __init__(
        self,
        *,
        sprstat_assoc_id: int = 0,
        sprstat_sid: int = 0,
        sprstat_policy: int = 0,
        sprstat_abandoned_unsent: int = 0,
        sprstat_abandoned_sent: int = 0,
    ) -> None: ...

class sctp_reset_streams(
    sctp_generic[
        Literal["srs_assoc_id", "srs_flags", "srs_stream_list"], int | tuple[int, ...]
    ]
):
    def __init__(
        self,
        *,
        srs_assoc_id: int = 0,
        srs_flags: int = 0,
        srs_stream_list: Iterable[int] = (),
    ) -> None: ...
    @overload
    def __getitem__(self, field: Literal["srs_assoc_id", "srs_flags"], /) -> int: ...
    @overload
    def __getitem__(self, field: Literal["srs_stream_list"], /) -> tuple[int, ...]: ...

class sctp_add_streams(
    sctp_generic[Literal["sas_assoc_id", "sas_instrms", "sas_outstrms"], int]
):
    def __init__(
        self, *, sas_assoc_id: int = 0, sas_instrms: int = 0, sas_outstrms: int = 0
    ) -> None: ...

if sys.platform == "linux":
    class sctp_paddrthlds_v2(
        sctp_generic[
            Literal[
                "spt_assoc_id",
                "spt_address",
                "spt_pathmaxrxt",
                "spt_pathpfthld",
                "spt_pathcpthld",
            ],
            Any,
        ]
    ):
        def __init__(
            self,
            *,
            spt_assoc_id: int = 0,
            spt_address: _AnyAddress | bytes = ...,
            spt_pathmaxrxt: int = 0,
            spt_pathpfthld: int = 0,
            spt_pathcpthld: int = 0,
        ) -> None: ...
        @overload
        def __getitem__(
            self,
            field: Literal[
                "spt_assoc_id", "spt_pathmaxrxt", "spt_pathpfthld", "spt_pathcpthld"
            ],
            /,
        ) -> int: ...
        @overload
        def __getitem__(self, field: Literal["spt_address"], /) -> _Address | Any: ...

    class sctp_probeinterval(
        sctp_generic[Literal["spi_assoc_id", "spi_address", "spi_interval"], Any]
    ):
        def __init__(
            self,
            *,
            spi_assoc_id: int = 0,
            spi_address: _AnyAddress | bytes = ...,
            spi_interval: int = 0,
        ) -> None: ...
        @overload
        def __getitem__(
            self, field: Literal["spi_assoc_id", "spi_interval"], /
        ) -> int: ...
        @overload
        def __getitem__(self, field: Literal["spi_address"], /) -> _Address | Any: ...

    class sctp_assoc_stats(
        sctp_generic[
            Literal[
                "sas_assoc_id",
                "sas_obs_rto_ipaddr",
                "sas_maxrto",
                "sas_isacks",
                "sas_osacks",
                "sas_opackets",
                "sas_ipackets",
                "sas_rtxchunks",
                "sas_outofseqtsns",
                "sas_idupchunks",
                "sas_gapcnt",
                "sas_ouodchunks",
                "sas_iuodchunks",
                "sas_oodchunks",
                "sas_iodchunks",
                "sas_octrlchunks",
                "sas_ictrlchunks",
            ],
            Any,
        ]
    ):
        def __init__(
            self,
            *,
            sas_assoc_id: int = 0,
            sas_obs_rto_ipaddr: _AnyAddress | bytes = ...,
            sas_maxrto: int = 0,
            sas_isacks: int = 0,
            sas_osacks: int = 0,
            sas_opackets: int = 0,
            sas_ipackets: int = 0,
            sas_rtxchunks: int = 0,
            sas_outofseqtsns: int = 0,
            sas_idupchunks: int = 0,
            sas_gapcnt: int = 0,
            sas_ouodchunks: int = 0,
            sas_iuodchunks: int = 0,
            sas_oodchunks: int = 0,
            sas_iodchunks: int = 0,
            sas_octrlchunks: int = 0,
            sas_ictrlchunks: int = 0,
        ) -> None: ...
        @overload
        def __getitem__(
            self,
            field: Literal[
                "sas_assoc_id",
                "sas_maxrto",
                "sas_isacks",
                "sas_osacks",
                "sas_opackets",
                "sas_ipackets",
                "sas_rtxchunks",
                "sas_outofseqtsns",
                "sas_idupchunks",
                "sas_gapcnt",
                "sas_ouodchunks",
                "sas_iuodchunks",
                "sas_oodchunks",
                "sas_iodchunks",
                "sas_octrlchunks",
                "sas_ictrlchunks",
            ],
            /,
        ) -> int: ...
        @overload
        def __getitem__(
            self, field: Literal["sas_obs_rto_ipaddr"], /
        ) -> _Address | Any: ...

else:
    class sctp_cc_option(
        sctp_generic[Literal["option", "aid_value"], int | sctp_assoc_value]
    ):
        def __init__(
            self, *, option: int = 0, aid_value: sctp_assoc_value | bytes = ...
        ) -> None: ...
        @overload
        def __getitem__(self, field: Literal["option"], /) -> int: ...
        @overload
        def __getitem__(self, field: Literal["aid_value"], /) -> sctp_assoc_value: ...

    class sctp_timeouts(
        sctp_generic[
            Literal[
                "stimo_assoc_id",
                "stimo_init",
                "stimo_data",
                "stimo_sack",
                "stimo_shutdown",
                "stimo_heartbeat",
                "stimo_cookie",
                "stimo_shutdownack",
            ],
            int,
        ]
    ):
        def __init__(
            self,
            *,
            stimo_assoc_id: int = 0,
            stimo_init: int = 0,
            stimo_data: int = 0,
            stimo_sack: int = 0,
            stimo_shutdown: int = 0,
            stimo_heartbeat: int = 0,
            stimo_cookie: int = 0,
            stimo_shutdownack: int = 0,
        ) -> None: ...

    class sctp_sockstat(
        sctp_generic[
            Literal["ss_assoc_id", "ss_total_sndbuf", "ss_total_recv_buf"], int
        ]
    ):
        def __init__(
            self,
            *,
            ss_assoc_id: int = 0,
            ss_total_sndbuf: int = 0,
            ss_total_recv_buf: int = 0,
        ) -> None: ...

    class sctp_pcbinfo(
        sctp_generic[
            Literal[
                "ep_count",
                "asoc_count",
                "laddr_count",
                "raddr_count",
                "chk_count",
                "readq_count",
                "free_chunks",
                "stream_oque",
            ],
            int,
        ]
    ):
        def __init__(
            self,
            *,
            ep_count: int = 0,
            asoc_count: int = 0,
            laddr_count: int = 0,
            raddr_count: int = 0,
            chk_count: int = 0,
            readq_count: int = 0,
            free_chunks: int = 0,
            stream_oque: int = 0,
        ) -> None: ...

    class sctp_get_nonce_values(
        sctp_generic[Literal["gn_assoc_id", "gn_peers_tag", "gn_local_tag"], int]
    ):
        def __init__(
            self, *, gn_assoc_id: int = 0, gn_peers_tag: int = 0, gn_local_tag: int = 0
        ) -> None: ...
