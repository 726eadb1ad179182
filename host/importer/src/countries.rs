//! Country names of the files, as ISO 3166-1 alpha-2 codes.

/// Where the merchant of the file is at home.
pub const MERCHANT: &str = "GB";

/// `name=code`, names in lower case: ISO short names in plain letters, and what tills write instead.
const CODES: &str = "\
afghanistan=AF,albania=AL,algeria=DZ,andorra=AD,angola=AO,antigua and barbuda=AG,argentina=AR,armenia=AM,aruba=AW,\
australia=AU,austria=AT,azerbaijan=AZ,bahamas=BS,bahrain=BH,bangladesh=BD,barbados=BB,belarus=BY,belgium=BE,belize=BZ,\
benin=BJ,bermuda=BM,bhutan=BT,bolivia=BO,bosnia and herzegovina=BA,botswana=BW,brazil=BR,brunei=BN,bulgaria=BG,\
burkina faso=BF,burundi=BI,cambodia=KH,cameroon=CM,canada=CA,cape verde=CV,cayman islands=KY,chad=TD,\
channel islands=JE,chile=CL,china=CN,colombia=CO,comoros=KM,congo=CG,costa rica=CR,croatia=HR,cuba=CU,cyprus=CY,\
czech republic=CZ,czechia=CZ,denmark=DK,djibouti=DJ,dominica=DM,dominican republic=DO,ecuador=EC,egypt=EG,eire=IE,\
el salvador=SV,england=GB,eritrea=ER,estonia=EE,ethiopia=ET,faroe islands=FO,fiji=FJ,finland=FI,france=FR,gabon=GA,\
gambia=GM,georgia=GE,germany=DE,ghana=GH,gibraltar=GI,great britain=GB,greece=GR,greenland=GL,grenada=GD,guatemala=GT,\
guernsey=GG,guinea=GN,guyana=GY,haiti=HT,holland=NL,honduras=HN,hong kong=HK,hungary=HU,iceland=IS,india=IN,\
indonesia=ID,iran=IR,iraq=IQ,ireland=IE,isle of man=IM,israel=IL,italy=IT,ivory coast=CI,jamaica=JM,japan=JP,jersey=JE,\
jordan=JO,kazakhstan=KZ,kenya=KE,korea=KR,kuwait=KW,kyrgyzstan=KG,laos=LA,latvia=LV,lebanon=LB,lesotho=LS,liberia=LR,\
libya=LY,liechtenstein=LI,lithuania=LT,luxembourg=LU,macao=MO,madagascar=MG,malawi=MW,malaysia=MY,maldives=MV,mali=ML,\
malta=MT,mauritania=MR,mauritius=MU,mexico=MX,moldova=MD,monaco=MC,mongolia=MN,montenegro=ME,morocco=MA,mozambique=MZ,\
myanmar=MM,namibia=NA,nepal=NP,netherlands=NL,new zealand=NZ,nicaragua=NI,niger=NE,nigeria=NG,north macedonia=MK,\
northern ireland=GB,norway=NO,oman=OM,pakistan=PK,panama=PA,papua new guinea=PG,paraguay=PY,peru=PE,philippines=PH,\
poland=PL,portugal=PT,puerto rico=PR,qatar=QA,romania=RO,rsa=ZA,russia=RU,rwanda=RW,san marino=SM,saudi arabia=SA,\
scotland=GB,senegal=SN,serbia=RS,seychelles=SC,sierra leone=SL,singapore=SG,slovakia=SK,slovenia=SI,somalia=SO,\
south africa=ZA,south korea=KR,spain=ES,sri lanka=LK,sudan=SD,suriname=SR,swaziland=SZ,sweden=SE,switzerland=CH,\
syria=SY,taiwan=TW,tajikistan=TJ,tanzania=TZ,thailand=TH,togo=TG,tonga=TO,trinidad and tobago=TT,tunisia=TN,turkey=TR,\
turkmenistan=TM,uganda=UG,ukraine=UA,united arab emirates=AE,united kingdom=GB,united states=US,uruguay=UY,usa=US,\
uzbekistan=UZ,vanuatu=VU,vatican=VA,venezuela=VE,vietnam=VN,wales=GB,west indies=AG,yemen=YE,zambia=ZM,zimbabwe=ZW";

/// The code of `name`, `None` when it names no single country (`Unspecified`, `European Community`).
pub fn code(name: &str) -> Option<&'static str> {
    let name = name.trim().to_lowercase();
    CODES
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, code)| code)
}
