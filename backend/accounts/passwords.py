"""Passwords: which are too weak, how they are hashed, whether one matches."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import chain
from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from backend.accounts.login_names import core
from geo.gazetteer import plain

# Sign-ins are counted, so ten characters that are not on every list are out of reach of guessing.
LENGTH_LEAST = 10
# A passphrase fits; what is longer only makes hashing dear.
LENGTH_MOST = 200
# A shorter part of a name (an@…) is in many a good password by chance.
CORE_LEAST = 5
# Below this score of zxcvbn (10^8 guesses) a password does not outlast a stolen dump of its hash.
SCORE_LEAST = 3
# zxcvbn takes a quarter of a second at most for so many characters, and seconds for 70.
JUDGED_MOST = 24
# What people here choose and zxcvbn's English lists do not hold, without marks: our own name, words
# for passwords, offices and love, and the provinces.
_LOCAL = """
    dosong matkhau matkhaucuatoi matma taikhoan dangnhap quantri quantrivien canbo congchuc doanvien
    thanhnien thanhdoan tinhdoan tinhnguyen hocsinh sinhvien giaovien anhyeuem emyeuanh yeuem yeuanh
    toiyeuem yeuthuong tinhyeu conyeu voyeu chongyeu bome giadinh hanhphuc khongbiet khongnho
    motconvit conmeo bongda xinchao vietnam toiyeuvietnam saigon tphcm angiang bariavungtau baclieu
    bacgiang backan bacninh bentre binhdinh binhduong binhphuoc binhthuan camau cantho caobang
    danang daklak daknong dienbien dongnai dongthap gialai hagiang hanam hanoi hatinh haiduong
    haiphong haugiang hoabinh hochiminh hue hungyen khanhhoa kiengiang kontum laichau lamdong
    langson laocai longan namdinh nghean ninhbinh ninhthuan phutho phuyen quangbinh quangnam
    quangngai quangninh quangtri soctrang sonla tayninh thaibinh thainguyen thanhhoa thuathienhue
    tiengiang travinh tuyenquang vinhlong vinhphuc yenbai
"""
LOCAL_WORDS = tuple(_LOCAL.split())
_estimating = Lock()  # zxcvbn keeps the words of a call in a global


def fault(password: str, name: str | None, display_name: str | None = None) -> str | None:
    """Why a password cannot be taken, as a code; None for one that can. A pure rule."""
    if len(password) < LENGTH_LEAST:
        return "password_short"
    typed = unicodedata.normalize("NFKC", password)
    own = core(name) if name else ""
    if typed.casefold() == name or (len(own) >= CORE_LEAST and own in typed.casefold()):
        return "password_is_name"
    if _score(typed, (name or "", display_name or "")) < SCORE_LEAST:
        return "password_common"
    return None


def _score(password: str, names: Iterable[str]) -> int:
    """How hard a password is to guess, from 0 to 4, for a guesser who knows its person."""
    parts = [re.findall(r"\w+", plain(name)) for name in names]
    # "ngoclan" and "tranngoclan" of Trần Ngọc Lan, besides each word.
    ends = ["".join(words[start:]) for words in parts for start in range(len(words))]
    known = [*chain(*parts), *ends, *LOCAL_WORDS]
    judged = plain(password).replace(" ", "")[:JUDGED_MOST]
    with _estimating:
        found = zxcvbn(judged, known)
    return int(found["score"])


def hashed(password: str) -> str:
    """The hash that is kept of a password."""
    return hasher().hash(_typed(password))


def matches(password: str, kept: str | None) -> bool:
    """Whether a password is the one that is kept; as slow where none is."""
    nobodys = _nobodys()  # asked first: it is made once, whoever is the first to sign in
    try:
        return hasher().verify(kept or nobodys, _typed(password)) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def outdated(kept: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return hasher().check_needs_rehash(kept)


def _typed(password: str) -> str:
    """One form of what people see: some keyboards send Vietnamese letters in parts."""
    return unicodedata.normalize("NFC", password)


@cache
def hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys() -> str:
    """What the password of an unknown person is compared with."""
    return hashed("the password of nobody")
