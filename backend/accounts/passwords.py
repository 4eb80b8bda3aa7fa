"""Passwords: judge their strength, hash and verify them."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import chain
from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from backend.accounts.login_names import local_part
from geo.gazetteer import plain

# Sign-ins are limited: ten characters that are not on every list cannot be guessed.
MIN_LENGTH = 10
# A passphrase fits; longer texts only make hashing expensive.
MAX_LENGTH = 200
# A shorter part of a name (an@…) occurs in good passwords by chance.
MIN_CORE = 5
# With a lower score of zxcvbn (10^8 guesses) a password can be found from a stolen hash.
MIN_SCORE = 3
# zxcvbn takes up to a quarter of a second for so many characters, and seconds for 70.
MAX_JUDGED = 24
# Frequent words that zxcvbn's English lists lack, without diacritics: the project's name, words for
# passwords, offices and love, and the provinces.
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
_estimating = Lock()  # zxcvbn stores the words of a call in a global


def weakness(password: str, name: str | None, display_name: str | None = None) -> str | None:
    """Return the code of why a password is too weak, or None. A pure rule."""
    if len(password) < MIN_LENGTH:
        return "password_short"
    typed = unicodedata.normalize("NFKC", password)
    own = local_part(name) if name else ""
    if typed.casefold() == name or (len(own) >= MIN_CORE and own in typed.casefold()):
        return "password_is_name"
    if _score(typed, (name or "", display_name or "")) < MIN_SCORE:
        return "password_common"
    return None


def _score(password: str, names: Iterable[str]) -> int:
    """Return how hard a password is to guess, 0 to 4, for somebody who knows the names."""
    parts = [re.findall(r"\w+", plain(name)) for name in names]
    # "ngoclan" and "tranngoclan" of Trần Ngọc Lan, besides each word.
    ends = ["".join(words[start:]) for words in parts for start in range(len(words))]
    from zxcvbn import zxcvbn  # its lists take 12 MB, and few processes judge a password

    words = [*chain(*parts), *ends, *LOCAL_WORDS]
    scored = plain(password).replace(" ", "")[:MAX_JUDGED]
    with _estimating:
        return int(zxcvbn(scored, words)["score"])


def hash_password(password: str) -> str:
    """Hash a password for storage."""
    return hasher().hash(_normalize(password))


def verify(password: str, stored: str | None) -> bool:
    """Return whether a password matches a stored hash; takes as long where there is none."""
    dummy = _dummy_hash()  # before anything else: the first call makes it
    try:
        return hasher().verify(stored or dummy, _normalize(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Return whether a hash was made with other parameters than the present ones."""
    return hasher().check_needs_rehash(stored)


def _normalize(password: str) -> str:
    """Return the composed form; some keyboards send Vietnamese letters in parts."""
    return unicodedata.normalize("NFC", password)


@cache
def hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _dummy_hash() -> str:
    """Return the hash that is verified for unknown people, so that they take as long."""
    return hash_password("the password of nobody")
