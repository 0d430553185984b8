"""What a name may look like when it is written by another office: tables, data without a rule of their own.

They are published with the test vectors (docs/duplicate-care), so that another implementation can use the same ones.
"""

from collections.abc import Mapping
from types import MappingProxyType

#: Ukrainian and Russian letters in one spelling; what the two languages read differently meets again in the sounds.
CYRILLIC: Mapping[str, str] = MappingProxyType(
    {"а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i", "й": "i"}
    | {"к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f"}
    | {"х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "i", "ь": "", "э": "e", "і": "i"}
    | {"ї": "i", "є": "ie", "ю": "iu", "я": "ia", "ё": "io"}
)

#: Arabic and Persian letters. Short vowels are not written: such a word is known by its consonants alone.
ARABIC: Mapping[str, str] = MappingProxyType(
    {"ا": "a", "أ": "a", "إ": "i", "آ": "a", "ء": "", "ئ": "", "ؤ": "", "ب": "b", "پ": "p", "ت": "t", "ث": "th"}
    | {"ج": "j", "چ": "ch", "ح": "h", "خ": "kh", "د": "d", "ذ": "dh", "ر": "r", "ز": "z", "ژ": "zh", "س": "s"}
    | {"ش": "sh", "ص": "s", "ض": "d", "ط": "t", "ظ": "z", "ع": "", "غ": "gh", "ف": "f", "ق": "q", "ك": "k", "ک": "k"}
    | {"گ": "g", "ل": "l", "م": "m", "ن": "n", "ه": "h", "ة": "", "و": "u", "ي": "i", "ی": "i", "ى": "a", "ـ": ""}
)

#: Letters that lose more than an accent.
LETTERS: Mapping[str, str] = MappingProxyType(
    {"ß": "ss", "ı": "i", "đ": "d", "ł": "l", "ø": "o", "æ": "a", "œ": "o", "þ": "th", "ð": "d", "ə": "a"}
)

#: Words that belong to no name alone: articles, "son of", "of". Offices write them, leave them out, or join them on.
PARTICLES = frozenset(
    {"al", "el", "ul", "as", "ash", "an", "ar", "ad", "at", "az", "bin", "ibn", "bint", "binti"}
    | {"van", "von", "vom", "der", "den", "de", "da", "do", "dos", "das", "du", "des", "la", "le", "di", "del", "della"}
    | {"zu", "zum", "zur", "und", "y", "thi", "oglu", "ogli", "kyzy", "qizi"}
)
#: Words that are written apart or together with what follows.
PREFIXES = frozenset(
    {"abd", "abdul", "abdel", "abdal", "abdur", "abder", "abdus", "abdoul", "abu", "abou", "ben", "ait"}
)

#: Spellings of one given name that no rule of sounds brings together, the first of each row being its code.
SAME_NAMES = (
    "muhammad mohammed mohamed mohammad mohamad muhammed muhamad mohamet mehmet mehmed mahomed mamadou محمد",
    "ahmad ahmed achmed achmet ahmet احمد أحمد",
    "yusuf youssef yousef yousuf yussuf jusuf josef joseph yosef yossef youssouf يوسف",
    "hussein husain hussain hossein hussayn houssein hosein huseyin husein حسين",
    "hassan hasan hassane حسن",
    "ali aly علي",
    "omar umar omer oumar عمر",
    "osman othman uthman ousmane عثمان",
    "ibrahim ebrahim abraham ibrahima brahim ابراهيم إبراهيم",
    "ismail ismael esmail ismaiel اسماعيل",
    "mustafa mostafa moustafa mustapha مصطفى",
    "mahmoud mahmud mahmood محمود",
    "khaled khalid chaled halid خالد",
    "said saeed sayed saied سعيد",
    "jamal jamel gamal djamal dschamal cemal جمال",
    "jamil djamil gamil cemil dschamil",
    "fatima fatma fatimah fatemeh fatime fatoumata فاطمة فاطمه",
    "aisha aicha aischa ayesha aischah عائشة",
    "khadija khadidja chadidscha hatice khadijah خديجة",
    "maryam mariam meryem miriam marjam myriam مريم",
    "zaynab zeinab zainab zeynep zineb زينب",
    "layla leila laila leyla ليلى",
    "noor nour nur نور",
    "yasmin yasmine jasmin yasemin jasmine ياسمين",
    "tarek tariq tarik طارق",
    "walid waleed oualid وليد",
    "bilal belal bilel بلال",
    "karim kareem كريم",
    "samir sameer samer سمير",
    "nasser nasir naser nacer ناصر",
    "rashid rachid rasheed راشد",
    "hamza hamzah حمزة",
    "aleksandr oleksandr alexander alexandr aleksander alexandre oleksander",
    "aleksandra oleksandra alexandra",
    "aleksei oleksii oleksiy alexei alexey alexej aleksey oleksij alexiy",
    "elena olena yelena jelena helena helene hilena",
    "nikolai mykola nikolay nikolaj nicolai nikola",
    "vladimir volodymyr wladimir volodimir wolodymyr",
    "dmitri dmytro dmitry dmitriy dimitri dmitrij dmitrii",
    "sergei serhii sergey serhiy sergej sergiy serhij sergii",
    "andrei andrii andrey andriy andrej andrij andreas",
    "evgeni yevhen evgeny yevgeni evgeniy yevgeny jewgeni evhen jevhen yevhenii evgenii",
    "evgenia yevheniia evgeniya yevgenia jewgenia evheniia yevheniya",
    "mikhail mykhailo michail mikhailo mychajlo mykhaylo michael mikail",
    "ekaterina kateryna katerina yekaterina jekaterina catarina katharina katarina",
    "olga olha olja",
    "anna ana hanna ganna hannah",
    "natalia nataliia natalya nataliya natalja natalie",
    "tatiana tetiana tatyana tetyana tatjana tetjana",
    "irina iryna irena",
    "pavel pavlo pawel pawlo paul",
    "petr petro pyotr pjotr peter piotr",
    "vasili vasyl vasily wassili wasyl vasiliy vasyli",
    "ivan iwan",
    "igor ihor",
    "georgi heorhii georgiy georgii georg george heorhiy",
    "grigori hryhorii grigory hryhoriy grigorij",
    "bogdan bohdan",
    "oleg oleh",
    "yuri yurii juri yuriy jurij iurii yury",
    "yulia yuliia julia iuliia yuliya julija juliia",
    "maksim maksym maxim maxym",
    "viktor victor wiktor",
    "viktoria viktoriia victoria viktoriya wiktoria",
    "sofia sofiia sofiya sophia zofia sofija sophie",
    "daria dariia darya dariya darja",
    "maria mariia mariya marija marie",
    "anastasia anastasiia anastasiya anastasija",
    "svitlana svetlana swetlana switlana",
    "ludmila liudmyla lyudmila ljudmila liudmila ludmyla",
    "artem artiom artyom artjom",
    "kyrylo kirill kyril cyril",
    "danylo daniil danil",
)
