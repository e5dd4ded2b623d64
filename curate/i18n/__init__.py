"""Sentences that can be said in several languages: what they are, and how they are said.

    reason = msg("{n} of {total:,} images are dark.", n=3, total=2000)
    str(reason)                             # 'English, with Python's own formatting'
    translator("pt-BR").render(reason)      # Portuguese, with the separators of Brazil

The English text is the key of every catalogue (gettext). Catalogues are `locale/LANGUAGE/LC_MESSAGES/curate.po`;
a language is added by adding one, and a package of scanners brings its own (entry-point group `curate.locales`).
"""

from curate.i18n.message import N_, Message, counted, msg, nmsg
from curate.i18n.translator import ENGLISH, Translator, languages, preferred, translator

__all__ = ["ENGLISH", "N_", "Message", "Translator", "counted", "languages", "msg", "nmsg", "preferred", "translator"]
